import { Badge } from '@/app/_ui/badge.tsx'
import { CopyButton } from '@/app/_ui/copy-button.tsx'
import { ScrollBox } from '@/app/_ui/scroll-box.tsx'

export interface OperationFacts {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly summary: string
  readonly description: string
  /** Name, type, whether it is needed, and what it means. */
  readonly inputs: readonly {
    readonly name: string
    readonly place: string
    readonly type: string
    readonly needed: boolean
    readonly description: string | null
  }[]
  readonly curl: string
}

export function OperationCard({ operation }: { operation: OperationFacts }) {
  const { id, method, path, summary, description, inputs, curl } = operation
  return (
    <section id={id} className="min-w-0 border-t px-4 py-4 first:border-t-0">
      <h3 className="font-medium">{summary}</h3>
      <p className="mt-1 flex flex-wrap items-center gap-2">
        <Badge>{method}</Badge> <code className="min-w-0 break-all text-sm">{path}</code>
      </p>
      <p className="mt-1 text-muted text-sm">{description}</p>
      {inputs.length > 0 && (
        <dl className="mt-2 flex flex-col gap-1 text-sm">
          {inputs.map(({ name, place, type, needed, description }) => (
            <div key={`${place} ${name}`} className="flex flex-wrap gap-x-2">
              <dt>
                <code>{name}</code>
              </dt>
              <dd className="min-w-0 break-words text-muted">
                {place}, {type}
                {needed ? ', needed' : ''}
                {description === null ? '' : `: ${description}`}
              </dd>
            </div>
          ))}
        </dl>
      )}
      <div className="mt-2 flex items-start gap-1">
        <ScrollBox label={`Example of ${id}`} className="min-w-0 flex-1 rounded-md border bg-sunken p-2">
          <pre className="text-xs">{curl}</pre>
        </ScrollBox>
        <CopyButton text={curl} what={`the example of ${id}`} />
      </div>
    </section>
  )
}
