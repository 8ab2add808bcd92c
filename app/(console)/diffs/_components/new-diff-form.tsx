'use client'

import { ArrowUpDown } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { isKnownRef, type TreeChoices, TreeOptions } from '@/app/_components/tree-options.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { CheckboxField, SelectField, TextField } from '@/app/_ui/field.tsx'
import { findPathFault } from '@/lib/domain/znode/path.ts'
import { startDiffAction } from '../actions.ts'

export function NewDiffForm({
  choices,
  left: askedLeft,
  right: askedRight,
  path: askedPath,
}: {
  choices: TreeChoices
  left: string
  right: string
  path: string
}) {
  const router = useRouter()
  const known = (ref: string) => (isKnownRef(choices, ref) ? ref : '')
  const [left, setLeft] = useState(() => known(askedLeft) || (choices.backups[0]?.options[0]?.ref ?? ''))
  const [right, setRight] = useState(() => known(askedRight) || (choices.live[0]?.ref ?? ''))
  const [path, setPath] = useState(askedPath)
  const [includeEphemerals, setIncludeEphemerals] = useState(false)
  const start = useAction(startDiffAction, ({ diffId }) => router.push(paths.diff(diffId)))
  const pathFault = findPathFault(path.trim() || '/')
  const fault =
    left === '' || right === ''
      ? 'Choose two trees'
      : left === right
        ? 'Choose two different trees'
        : pathFault !== null
          ? `This is not a path: ${pathFault}`
          : null
  const submit = (event: FormEvent) => {
    event.preventDefault()
    start.run({ left, right, path: path.trim() || '/', includeEphemerals })
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <FormError error={start.error} fields={['path']} />
      <SelectField
        label="From (left)"
        value={left}
        onChange={(event) => setLeft(event.target.value)}
        hint="What is only here counts as removed."
      >
        <option value="">Choose a tree</option>
        <TreeOptions choices={choices} />
      </SelectField>
      <div>
        <Button
          size="small"
          icon={<ArrowUpDown aria-hidden className="size-3.5" />}
          onClick={() => {
            setLeft(right)
            setRight(left)
          }}
        >
          Swap sides
        </Button>
      </div>
      <SelectField
        label="To (right)"
        value={right}
        onChange={(event) => setRight(event.target.value)}
        hint="What is only here counts as added."
      >
        <option value="">Choose a tree</option>
        <TreeOptions choices={choices} />
      </SelectField>
      <TextField
        label="Path"
        value={path}
        onChange={(event) => setPath(event.target.value)}
        className="font-mono"
        spellCheck={false}
        hint="Only this znode and what lies below it, on both sides."
        error={start.error?.fields?.path ?? (pathFault === null ? undefined : pathFault)}
      />
      <CheckboxField
        label="Include ephemeral znodes"
        hint="They belong to sessions and come and go by themselves."
        checked={includeEphemerals}
        onChange={(event) => setIncludeEphemerals(event.target.checked)}
      />
      <div className="flex justify-end">
        <Button type="submit" tone="primary" pending={start.pending} disabledReason={fault}>
          Compare
        </Button>
      </div>
    </form>
  )
}
