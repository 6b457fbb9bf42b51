import { attachSample, type Sample, samples, sampleUrl } from '../store/pictures.ts'
import { Logo } from './Logo.tsx'

const touch = matchMedia('(pointer: coarse)').matches

export function Welcome() {
  return (
    <section class="welcome" aria-labelledby="welcome-title">
      <Logo size={88} />
      <h2 id="welcome-title">Show me a picture, ask me about it</h2>
      <p>
        {touch ? 'Take or choose a photo' : 'Drop or paste an image anywhere'}, or try one of these. The model runs on
        your GPU; nothing leaves this device.
      </p>
      <ul class="samples" aria-label="Sample images">
        {samples.value.map((sample) => (
          <SampleCard key={sample.file} sample={sample} />
        ))}
      </ul>
    </section>
  )
}

function SampleCard({ sample }: { sample: Sample }) {
  return (
    <li>
      <button
        type="button"
        class="sample"
        aria-label={`Use sample: ${sample.alt}`}
        onClick={() => void attachSample(sample)}
      >
        <img src={sampleUrl(sample)} alt="" width={128} height={128} decoding="async" />
        <span class="sample-question">{sample.questions[0]}</span>
      </button>
    </li>
  )
}
