// Preloaded into everything that the starter keeps running: when the starter is gone without a word (kill -9), it must not stay behind.
const GRACE_MS = 10_000

process.once('disconnect', () => {
  setTimeout(() => process.kill(process.platform === 'win32' ? process.pid : -process.pid, 'SIGKILL'), GRACE_MS).unref()
  process.kill(process.pid, 'SIGTERM')
})
process.channel?.unref()
