'use client'

import { useQueryClient } from '@tanstack/react-query'
import { Dialog } from '@/app/_ui/dialog.tsx'
import { patternOf } from '@/lib/domain/diff/path-pattern.ts'
import { IgnoreRuleForm } from '../../clusters/_components/ignore-rule-form.tsx'

/** From a difference to the rule that hides it, here and in every other diff of the cluster. */
export function IgnoreDialog({
  diffId,
  clusterId,
  path,
  hasBelow,
  onClose,
}: {
  diffId: string
  clusterId: string
  path: string
  hasBelow: boolean
  onClose: () => void
}) {
  const queries = useQueryClient()
  const added = () => {
    queries.invalidateQueries({ queryKey: ['ignored', diffId] })
    onClose()
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Ignore changes here"
      description="Every diff of this cluster hides them from now on, and says so. Nothing is written to ZooKeeper."
    >
      <IgnoreRuleForm
        clusterId={clusterId}
        initialPattern={patternOf(path, { subtree: hasBelow })}
        onAdded={added}
        onCancel={onClose}
      />
    </Dialog>
  )
}
