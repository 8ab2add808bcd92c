import { describe, expect, test } from 'vitest'
import { formatTreeRef, parseTreeRef, treeAddressOf } from './tree-ref.ts'

describe('a reference to a tree', () => {
  test.each(['live:c1', 'backup:b-1_x', 'moment:c1.0x1a', 'moment:c-1.0xffffffffffffffff'])('%s goes round', (text) => {
    const ref = parseTreeRef(text)
    expect(ref && formatTreeRef(ref)).toBe(text)
    const { kind, id } = ref ? treeAddressOf(ref) : { kind: '', id: '' }
    expect(`${kind}:${id}`).toBe(text)
    // An address needs nothing escaped.
    expect(encodeURIComponent(id)).toBe(id)
  })

  test.each([
    '',
    'live:',
    'live:c1.0x1a',
    'moment:c1',
    'moment:c1.1a',
    'moment:c1.0x0',
    'moment:c1.0x1A',
    'moment:../x.0x1',
    'other:c1',
  ])('%s is none', (text) => {
    expect(parseTreeRef(text)).toBeNull()
  })
})
