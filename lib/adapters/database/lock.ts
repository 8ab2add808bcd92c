/** One at a time, in the order of asking; whoever is in gets a function that lets the next one in. */
export function createLock(): () => Promise<() => void> {
  let tail: Promise<void> = Promise.resolve()
  return async () => {
    let open: () => void = () => undefined
    const before = tail
    tail = new Promise((resolve) => {
      open = resolve
    })
    await before
    return open
  }
}
