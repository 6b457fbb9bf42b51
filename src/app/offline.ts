import { showToast } from './store/panels.ts'

/** Registers the offline worker of a built page; called after the model is there, so that both do not load at once. */
export function keepOffline(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  navigator.serviceWorker.register(new URL('offline.js', document.baseURI)).then(offerUpdates, () => {
    showToast('This browser did not allow keeping the page for offline use.', { tone: 'problem' })
  })
}

function offerUpdates(registration: ServiceWorkerRegistration): void {
  const offer = () => {
    const { waiting } = registration
    if (!waiting || !navigator.serviceWorker.controller) return
    showToast('A new version of Beagle is ready.', {
      stays: true,
      action: {
        label: 'Reload',
        run: () => {
          navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
          waiting.postMessage('activate')
        },
      },
    })
  }
  offer()
  registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', offer))
}
