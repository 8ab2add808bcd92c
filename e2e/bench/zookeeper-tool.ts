import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { delimiter } from 'node:path'
import type { Measure } from './tasks.ts'

const JARS = ['zookeeper.jar', 'slf4j-simple.jar', 'commons-cli.jar'].map((name) => `/usr/share/java/${name}`)

/** One of ZooKeeper's own programs as a process of its own, its output thrown away. `znodes` is what it has to read. */
export async function runZooKeeperTool(name: string, args: readonly string[], znodes: number): Promise<Measure> {
  const classpath = process.env.ARKEEPER_ZOOKEEPER_CLASSPATH ?? JARS.join(delimiter)
  const since = performance.now()
  const child = spawn(
    'java',
    [
      '-Xmx4g',
      '-cp',
      classpath,
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
      `org.apache.zookeeper.server.${name}`,
      ...args,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  let peak: { rssBytes: number; cpuSeconds: number } | null = null
  const timer = setInterval(async () => {
    peak = (await usageOf(child.pid ?? -1)) ?? peak
  }, 100)
  const [code, signal] = await once(child, 'close')
  clearInterval(timer)
  if (code !== 0) throw new Error(`${name} ended with ${signal ?? code}`)
  const seconds = (performance.now() - since) / 1000
  // Told by /proc shortly before the end; where there is none, the rest of the row is still right.
  const { rssBytes, cpuSeconds } = peak ?? { rssBytes: Number.NaN, cpuSeconds: Number.NaN }
  return { znodes, seconds, cpuSeconds, peakRssBytes: rssBytes }
}

async function usageOf(pid: number): Promise<{ rssBytes: number; cpuSeconds: number } | null> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // utime and stime, in hundredths of a second on every Linux that we know.
    const ticks = Number(fields[11]) + Number(fields[12])
    return kilobytes === undefined ? null : { rssBytes: Number(kilobytes) * 1024, cpuSeconds: ticks / 100 }
  } catch (_gone) {
    return null
  }
}
