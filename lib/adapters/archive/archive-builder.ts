import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Znode, ZnodeStream } from '../../domain/znode/znode.ts'
import { createFileArchives } from './file-archives.ts'
import type { ArchiveDescription, WriteArchiveInput } from './store.ts'

/** For tests only: a store in a folder of its own, and archives with plain descriptions. */
export class TempStore {
  readonly archives = createFileArchives()
  readonly dir: string
  readonly clusterDir: string

  private constructor(dir: string) {
    this.dir = dir
    this.clusterDir = join(dir, 'demo')
  }

  static async create(): Promise<TempStore> {
    return new TempStore(await mkdtemp(join(tmpdir(), 'arkeeper-store-')))
  }

  input(
    tree: readonly Znode[] | ZnodeStream,
    description: Partial<ArchiveDescription> = {},
    more: Partial<WriteArchiveInput> = {},
  ): WriteArchiveInput {
    return {
      parentDir: this.clusterDir,
      stream: Symbol.asyncIterator in tree ? tree : inOneBatch(tree),
      describe: () => ({
        cluster: { name: 'demo', connectString: '127.0.0.1:2181', chroot: '/' },
        source: 'files',
        zookeeperVersion: '3.8.0',
        scope: { paths: ['/'], kind: 'subtrees' },
        zxid: 0x1an,
        consistency: { class: 'exact', proof: 'quiet', from: '0x1a', to: '0x1a', moved: [] },
        unreadable: [],
        ...description,
      }),
      startedAtMs: Date.UTC(2026, 10, 23, 16, 53, 41, 123),
      now: () => Date.UTC(2026, 10, 23, 16, 53, 42),
      ...more,
    }
  }

  async write(...args: Parameters<TempStore['input']>) {
    return this.archives.write(this.input(...args))
  }

  async remove(): Promise<void> {
    await rm(this.dir, { recursive: true, force: true })
  }
}

async function* inOneBatch(znodes: readonly Znode[]): ZnodeStream & AsyncGenerator {
  yield { znodes, unreadable: [] }
}
