'use client'

import { type FormEvent, useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Dialog, DialogButtons } from '@/app/_ui/dialog.tsx'
import { SelectField } from '@/app/_ui/field.tsx'
import { ROLES } from '@/lib/services/people/schemas.ts'
import type { ClusterNameView, PersonView } from '@/lib/services/people/views.ts'
import { deactivatePersonAction, setRoleAction } from '../actions.ts'
import { PersonAccess } from './person-access.tsx'
import { PersonClusters } from './person-clusters.tsx'

/** The roles of one person, or the end of them. All of it takes effect with that person's next request. */
export function PersonDialog({
  person,
  clusters,
  onClose,
  onChange,
  onDone,
}: {
  person: PersonView
  clusters: readonly ClusterNameView[]
  onClose: () => void
  /** Something was changed that does not end the dialog. */
  onChange: () => void
  onDone: () => void
}) {
  const [role, setRole] = useState(person.role)
  const change = useAction(setRoleAction, onDone)
  const deactivate = useAction(deactivatePersonAction, onDone)
  const error = change.error ?? deactivate.error
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change.run({ userId: person.id, role })
  }
  return (
    <Dialog open onOpenChange={onClose} title={`Change ${person.name}`} description={person.email}>
      <form onSubmit={submit} className="flex flex-col gap-3 text-sm">
        {error && <ErrorNotice error={error} />}
        <SelectField
          label="Role overall"
          value={role}
          onChange={(event) => setRole(ROLES.find((each) => each === event.target.value) ?? person.role)}
        >
          {ROLES.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </SelectField>
        <PersonClusters person={person} clusters={clusters} onChange={onChange} />
        <PersonAccess person={person} onDone={onDone} />
        <p>
          To deactivate ends every session of {person.isYou ? 'yours' : person.name} at once and refuses the next
          sign-in. What they asked for or approved is void unless it has begun. Nothing is deleted, and they can be
          reactivated.
        </p>
        <DialogButtons>
          <Button tone="danger" pending={deactivate.pending} onClick={() => deactivate.run({ userId: person.id })}>
            Deactivate {person.name}
          </Button>
          <Button
            type="submit"
            tone="primary"
            pending={change.pending}
            disabledReason={role === person.role && `${person.name} is ${role} already`}
          >
            Make {person.name} {role}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  )
}
