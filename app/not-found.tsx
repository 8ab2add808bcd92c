import { Compass } from 'lucide-react'
import { paths } from './_nav/paths.ts'
import { EmptyState } from './_ui/empty-state.tsx'
import { LinkButton } from './_ui/link-button.tsx'

export default function NotFound() {
  return (
    <main className="mx-auto max-w-2xl py-16">
      <h1 className="sr-only">Not found</h1>
      <EmptyState
        icon={<Compass aria-hidden />}
        title="There is nothing at this address"
        action={
          <LinkButton href={paths.overview()} tone="primary">
            Go to the overview
          </LinkButton>
        }
      >
        The cluster, backup, diff or restore may have been removed, or the link is incomplete. Nothing else is affected.
      </EmptyState>
    </main>
  )
}
