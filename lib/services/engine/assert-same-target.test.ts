import { expect, it } from 'vitest'
import { parseJournal } from '../../domain/restore/journal.ts'
import { assertSameTarget } from './assert-same-target.ts'

const HEAD = '{"kind":"run","format":1,"run":"r","plan":"p","steps":1,"onConflict":"stop","at":1}'
const DONE =
  '{"kind":"outcome","writer":"w","batch":0,"applied":[{"zxid":"0x20","ranges":[[0,1]]}],"already":[],"skipped":[],"conflicts":[],"rewritten":[],"at":1}'

const plan = (connectString: string) => ({ connectString })
const at = (zxid: bigint) => ({ sync: async () => zxid })

it('lets a run go on where its writes are, by whatever address', async () => {
  const journal = parseJournal(`${HEAD}\n${DONE}\n`)
  await expect(
    assertSameTarget({ plan: plan('a:1,b:2/x'), journal }, { connectString: 'c:3/x/' }, at(0x20n)),
  ).resolves.toBeUndefined()
  await expect(
    assertSameTarget({ plan: plan('a:1'), journal: null }, { connectString: 'a:1' }, at(0n)),
  ).resolves.toBeUndefined()
})

it('refuses another chroot, and a cluster that has never come as far as the run', async () => {
  const journal = parseJournal(`${HEAD}\n${DONE}\n`)
  await expect(
    assertSameTarget({ plan: plan('a:1/x'), journal: null }, { connectString: 'a:1' }, at(0x99n)),
  ).rejects.toMatchObject({ code: 'WRONG_TARGET' })
  await expect(
    assertSameTarget({ plan: plan('a:1'), journal }, { connectString: 'a:1' }, at(0x1fn)),
  ).rejects.toMatchObject({ code: 'WRONG_TARGET', message: expect.stringContaining('0x20') })
})
