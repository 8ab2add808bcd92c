import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { FORM_FACTS, isImportForm } from '@/lib/domain/imports/import-form.ts'
import type { ImportFacts } from '@/lib/domain/snapshot/manifest.ts'
import { PathList } from './consistency-words.tsx'

/** Where an import came from, and what its file could not say. */
export function ImportReport({ facts }: { facts: ImportFacts }) {
  const form = isImportForm(facts.form) ? FORM_FACTS[facts.form] : null
  const gaps = [...(form?.silent ?? []), ...gapsOf(facts)]
  return (
    <section aria-label="What the imported file could not say" className="mt-3 flex flex-col gap-3 text-sm">
      <p>
        Made of <code className="break-all font-mono text-xs">{facts.file}</code> ({form?.label ?? facts.form}).
      </p>
      {gaps.length > 0 && (
        <Notice tone="warn" title="What the file does not say">
          <ul className="list-disc pl-4">
            {gaps.map((gap) => (
              <li key={gap}>{gap}</li>
            ))}
          </ul>
        </Notice>
      )}
      {facts.impliedParents > 0 && (
        <details>
          <summary className="cursor-pointer">
            {plural(facts.impliedParents, 'parent')} not in the file: known to be there, and nothing more
          </summary>
          <PathList label="Parents that the file lacks" paths={facts.impliedListed} />
        </details>
      )}
      {facts.skipped.total > 0 && (
        <details>
          <summary className="cursor-pointer">{plural(facts.skipped.total, 'file')} left out</summary>
          <ul className="mt-1 pl-4 text-xs">
            {facts.skipped.listed.map(({ name, why }) => (
              <li key={name}>
                <code className="break-all font-mono">{name}</code>: {why}
              </li>
            ))}
          </ul>
        </details>
      )}
      {facts.warnings.map((warning) => (
        <p key={warning} className="text-changed">
          {warning}
        </p>
      ))}
    </section>
  )
}

function gapsOf({ unknownAcls, unknownContents }: ImportFacts): string[] {
  return [
    ...(unknownAcls > 0
      ? [
          `The ACL of ${formatCount(unknownAcls)} of its znodes: a restore leaves that of an existing znode alone, and creates a missing one open to everyone.`,
        ]
      : []),
    ...(unknownContents > 0
      ? [
          `Data and ACL of ${formatCount(unknownContents)} of its znodes: a restore leaves an existing one alone, and creates a missing one empty.`,
        ]
      : []),
  ]
}
