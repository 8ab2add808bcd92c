import clsx from 'clsx'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import type { AclEntryView } from '@/lib/services/tree/views.ts'
import { ACL_HEADS, AclCells } from './acl-cells.tsx'
import { CHANGE_LOOKS } from './change-mark.tsx'
import { compareAcls } from './compare-acls.ts'

/** A side that has no such znode has no ACL either: then only the other one is listed. */
export function AclDiff({
  before,
  after,
}: {
  before: readonly AclEntryView[] | null
  after: readonly AclEntryView[] | null
}) {
  const rows = compareAcls(before ?? after ?? [], after ?? before ?? [])
  return (
    <Table label="Access on both sides" head={['(Difference)', ...ACL_HEADS]}>
      {rows.map((row) => {
        const look = row.state === 'same' ? null : CHANGE_LOOKS[row.state]
        const { entry } = row
        return (
          <Row key={`${row.state} ${entry.scheme} ${entry.id} ${entry.perms}`} className={look?.soft}>
            <Cell className={clsx('w-24', look?.text)}>
              {look ? (
                <>
                  <span aria-hidden>{look.sign} </span>
                  {look.label}
                </>
              ) : (
                <span className="text-muted">same</span>
              )}
            </Cell>
            <AclCells entry={entry} />
          </Row>
        )
      })}
    </Table>
  )
}
