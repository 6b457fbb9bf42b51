import type { WireErrorCode } from './protocol.ts'

export interface Advice {
  title: string
  steps: string[]
  /** What may help at once; the page shows a button for each. */
  offers: ('retry' | 'smaller' | 'embedded' | 'choose')[]
}

const browsers =
  'Use a current Chrome or Edge (desktop and Android), Safari 26 or later, or Firefox 141 or later on Windows.'

/** What a person can do about a model that is not there. */
export function adviceFor(code: WireErrorCode, secure: boolean): Advice {
  switch (code) {
    case 'no-webgpu':
      return {
        title: 'This browser does not offer WebGPU',
        steps: secure
          ? [browsers, 'On Linux, Chrome may need chrome://flags/#enable-unsafe-webgpu.', 'Then reload the page.']
          : ['Browsers offer it only to pages from https:// or localhost. Open the page from one of these.', browsers],
        offers: ['retry'],
      }
    case 'no-adapter':
      return {
        title: 'No GPU adapter was found',
        steps: [
          'Turn on graphics acceleration in the browser’s system settings, then restart the browser.',
          'Update the graphics driver. chrome://gpu tells what the browser thinks of it.',
          'In a virtual machine or over remote desktop there may be no GPU at all.',
        ],
        offers: ['retry'],
      }
    case 'device-lost':
      return {
        title: 'The GPU stopped and was given up',
        steps: [
          'This happens after a driver reset, after sleep, or when the GPU runs out of memory.',
          'Load the model again: the conversation is kept. If it comes back, choose a smaller model or q4 weights.',
        ],
        offers: ['retry', 'smaller', 'embedded'],
      }
    case 'out-of-memory':
      return {
        title: 'The GPU does not have enough memory for this',
        steps: [
          'Load the weights as q4: a quarter of f16.',
          'Close other tabs and programs that use the GPU, or choose a smaller model.',
        ],
        offers: ['smaller', 'retry', 'embedded'],
      }
    case 'network':
      return {
        title: 'The download did not come through',
        steps: ['Check the connection and the address, then try again: what was downloaded is kept.'],
        offers: ['retry', 'choose', 'embedded'],
      }
    case 'unauthorized':
      return {
        title: 'The host wants to know who asks',
        steps: [
          'Enter an access token with the hub id, under “Host and access”. Some models also ask to accept their terms.',
        ],
        offers: ['choose', 'embedded'],
      }
    case 'not-found':
      return {
        title: 'There is no model at this place',
        steps: ['Check the id, the revision or the address.'],
        offers: ['choose', 'embedded'],
      }
    case 'bad-file':
    case 'bad-checkpoint':
    case 'checkpoint-mismatch':
      return {
        title: 'These files are not a model that can be loaded',
        steps: ['The files are damaged or incomplete, or do not fit their own config.json. Fetch them again.'],
        offers: ['choose', 'retry', 'embedded'],
      }
    case 'unknown-architecture':
      return {
        title: 'This architecture is not known',
        steps: ['Beagle runs LLaVA-like models: CLIP or SigLIP, a linear or MLP projector, Llama or Qwen2.'],
        offers: ['choose', 'embedded'],
      }
    default:
      return { title: 'The model could not be loaded', steps: [], offers: ['retry', 'choose', 'embedded'] }
  }
}
