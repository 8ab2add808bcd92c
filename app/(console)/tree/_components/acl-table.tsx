import { ACL_HEADS, AclCells } from '@/app/_components/acl-cells.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { Row, Table } from '@/app/_ui/table.tsx'
import { isMaskedAcl } from '@/lib/domain/znode/acl.ts'
import type { AclEntryView } from '@/lib/services/tree/views.ts'

export function AclTable({ acl }: { acl: readonly AclEntryView[] }) {
  return (
    <>
      {isMaskedAcl(acl) && (
        <div className="p-3">
          <Notice tone="warn" title="The server hides the hashes of this ACL">
            Only somebody with the right to change the ACL sees them whole. It cannot be edited or restored from what is
            shown here.
          </Notice>
        </div>
      )}
      <Table label="Access control list" head={ACL_HEADS}>
        {acl.map((entry, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: an ACL may hold the same entry twice, in a fixed order
          <Row key={index}>
            <AclCells entry={entry} />
          </Row>
        ))}
      </Table>
    </>
  )
}
