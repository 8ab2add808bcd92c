import { isErrorView } from '@/app/_components/request-json.ts'
import type { ErrorView } from '@/lib/services/error-view.ts'

export interface Upload {
  /** Null when it is in. Never rejects. */
  readonly done: Promise<ErrorView | 'cancelled' | null>
  cancel(): void
}

/** Sends a file as the body of a request, which fetch cannot show the progress of. */
export function uploadFile(url: string, file: File, onSent: (bytes: number) => void): Upload {
  const request = new XMLHttpRequest()
  const done = new Promise<ErrorView | 'cancelled' | null>((resolve) => {
    request.open('POST', url)
    request.setRequestHeader('content-type', 'application/octet-stream')
    request.upload.onprogress = (event) => onSent(event.loaded)
    request.onabort = () => resolve('cancelled')
    request.onerror = () =>
      resolve({
        code: 'UNREACHABLE',
        message: 'The upload was cut off',
        unaffected: 'nothing was imported',
        remedy: 'check that the web process runs, then try again',
      })
    request.onload = () => resolve(request.status < 300 ? null : readError(request))
    request.send(file)
  })
  return { done, cancel: () => request.abort() }
}

function readError(request: XMLHttpRequest): ErrorView {
  try {
    const body: unknown = JSON.parse(request.responseText)
    if (isErrorView(body)) return body
  } catch {
    // Not ours: a proxy has answered.
  }
  return {
    code: 'HTTP',
    message: `The server answered with status ${request.status}`,
    unaffected: 'nothing was imported',
  }
}
