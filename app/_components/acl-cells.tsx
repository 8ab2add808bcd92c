import { Cell } from '@/app/_ui/table.tsx'
import { formatPerms } from '@/lib/domain/znode/acl.ts'
import type { AclEntryView } from '@/lib/services/tree/views.ts'
import { describePerms, describeWho } from './acl-words.ts'

/** One entry of an ACL in three cells, under the heads ACL_HEADS. */
export function AclCells({ entry }: { entry: AclEntryView }) {
  return (
    <>
      <Cell className="font-medium">{describeWho(entry)}</Cell>
      <Cell>{describePerms(entry.perms)}</Cell>
      <Cell>
        <code className="break-all font-mono text-xs">
          {entry.scheme}:{entry.id}:{formatPerms(entry.perms)}
        </code>
      </Cell>
    </>
  )
}

export const ACL_HEADS = ['Who', 'May', 'As ZooKeeper writes it']
