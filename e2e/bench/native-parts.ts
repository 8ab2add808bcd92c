import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { snapshotIn } from './native-tasks.ts'
import type { Measure } from './tasks.ts'
import { runZooKeeperTool } from './zookeeper-tool.ts'

/** `native`: snapshot files against ZooKeeper's own tools; `index`: one znode out of a closed archive. */
export const NATIVE_PARTS = ['native', 'index']

export interface Bench {
  measure(task: string, input: Record<string, unknown>): Promise<Measure>
  report(name: string, runs: readonly Measure[], against?: readonly Measure[]): void
  print(line: string): void
  median(values: readonly number[]): number
}

export interface TwoArchives {
  readonly dir: string
  readonly size: number
  readonly original: string
  readonly edited: string
  readonly rounds: number
}

/** Times are of whole processes on both sides, start included; ratios are of rates: 2.00 is twice as fast as ZooKeeper's own. */
export async function benchNative(bench: Bench, { dir, size, original, edited, rounds }: TwoArchives): Promise<void> {
  const packed = snapshotIn(original, size)
  const plain = join(dir, `snapshot.${BigInt(size + 10).toString(16)}`)
  await pipeline(createReadStream(packed), createGunzip(), createWriteStream(plain))
  const whole = async (task: string, input: Record<string, unknown>): Promise<Measure> => {
    const since = performance.now()
    const measured = await bench.measure(task, input)
    return { ...measured, seconds: (performance.now() - since) / 1000 }
  }
  const files = { left: packed, right: snapshotIn(edited, size) }
  const own = { plain: [], packed: [], compare: [] } as Record<string, Measure[]>
  const ours = { plain: [], packed: [], compare: [], compareFiles: [], write: [] } as Record<string, Measure[]>
  for (let round = 0; round < rounds; round++) {
    own.plain!.push(await runZooKeeperTool('SnapshotFormatter', [plain], size))
    ours.plain!.push(await whole('read-native', { file: plain }))
    own.packed!.push(await runZooKeeperTool('SnapshotFormatter', [packed], size))
    ours.packed!.push(await whole('read-native', { file: packed }))
    ours.write!.push(
      await whole('write-native', { archive: original, parentDir: join(dir, `written-${size}-${round}`) }),
    )
    const sides = ['-l', files.left, '-r', files.right, '-b', '1', '-n', '1']
    own.compare!.push(await runZooKeeperTool('SnapshotComparer', sides, size))
    ours.compare!.push(await whole('diff', { left: original, right: edited }))
    ours.compareFiles!.push(await whole('diff-files', files))
  }
  bench.report('SnapshotFormatter, plain file', own.plain!)
  bench.report('our read with checksum and digest', ours.plain!, own.plain)
  bench.report('SnapshotFormatter, gzip file', own.packed!)
  bench.report('our read with checksum and digest', ours.packed!, own.packed)
  bench.report('our write, read back and verified', ours.write!)
  bench.report('SnapshotComparer (sizes only)', own.compare!)
  bench.report('our diff of the archives', ours.compare!, own.compare)
  bench.report('our diff of the bare files', ours.compareFiles!, own.compare)
}

export async function benchIndex(bench: Bench, { size, original, rounds }: TwoArchives): Promise<void> {
  const middle: number[] = []
  const slow: number[] = []
  const ratio: number[] = []
  for (let round = 0; round < rounds; round++) {
    const full = await bench.measure('read-native', { file: snapshotIn(original, size) })
    const { times = [] } = await bench.measure('index', { archive: original, size })
    const sorted = [...times].sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
    middle.push(at(0.5))
    slow.push(at(0.99))
    ratio.push((full.seconds * 1000) / at(0.5))
  }
  const ms = (values: number[]) => bench.median(values).toFixed(1)
  bench.print(
    `  opening the archive and one znode of it: median ${ms(middle)} ms, p99 ${ms(slow)} ms; ` +
      `reading all takes ${Math.round(bench.median(ratio))} times as long`,
  )
}
