declare global {
  /** Where the packages that add a style sheet of their own, to keep the page behind a dialog from scrolling, look for the nonce. */
  var __webpack_nonce__: string | undefined
}

if (typeof document !== 'undefined') {
  globalThis.__webpack_nonce__ = document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce
}

export {}
