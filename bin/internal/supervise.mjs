import { warn } from './output.mjs'

const DELAY_FIRST_MS = 1_000
const DELAY_MAX_MS = 30_000
const STEADY_MS = 60_000

/** How long to wait before a program is started again: longer each time that it ends soon after its start. */
export function nextDelay(previousMs, livedMs) {
  if (previousMs === 0 || livedMs >= STEADY_MS) return DELAY_FIRST_MS
  return Math.min(previousMs * 2, DELAY_MAX_MS)
}

/** Keeps one program running until stop(); `child` is the process of the moment, or null in a pause. */
export function keepRunning({ name, start }) {
  const kept = { name, child: null, endings: 0, lastEnding: '', stop }
  let stopped = false
  let timer = null
  let delayMs = 0

  function stop() {
    stopped = true
    clearTimeout(timer)
  }

  function run() {
    const startedAt = Date.now()
    const child = start()
    kept.child = child
    child.ended.then(({ code, signal, error }) => {
      kept.child = null
      kept.endings++
      kept.lastEnding = error?.message ?? (signal ? `signal ${signal}` : `exit code ${code}`)
      if (stopped) return
      delayMs = nextDelay(delayMs, Date.now() - startedAt)
      timer = setTimeout(run, delayMs)
      // A Ctrl-C reaches the programs and us at the same moment: only an end that is no part of it is worth a line.
      setImmediate(() => {
        if (!stopped) warn(`the ${name} process ended (${kept.lastEnding}); starting it again in ${delayMs / 1000} s`)
      })
    })
  }
  run()
  return kept
}
