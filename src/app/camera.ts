export function openCamera(facingMode: string): Promise<MediaStream> {
  if (!navigator.mediaDevices) return Promise.reject(new DOMException('', 'SecurityError'))
  return navigator.mediaDevices.getUserMedia({ video: { facingMode, width: { ideal: 1280 } }, audio: false })
}

export function closeCamera(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop()
}

/** Why the camera did not open, and what to do about it. */
export function explainCamera(error: unknown): string {
  const name = error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError')
    return 'The camera was not allowed. Allow it for this page in the address bar, then open this again.'
  if (name === 'NotFoundError') return 'No camera was found. Connect one, or add an image file instead.'
  if (name === 'NotReadableError') return 'The camera is in use by another program. Close that, then open this again.'
  if (name === 'SecurityError') return 'Browsers give the camera only to pages from https:// or localhost.'
  return `The camera could not be opened: ${error instanceof Error ? error.message : String(error)}`
}

/** The picture that a video shows now. */
export function photograph(video: HTMLVideoElement): Promise<Blob> {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight)
  canvas.getContext('2d')?.drawImage(video, 0, 0)
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 })
}
