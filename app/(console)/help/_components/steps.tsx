import Link from 'next/link'
import type { ReactNode } from 'react'
import { CopyButton } from '@/app/_ui/copy-button.tsx'
import { ScrollBox } from '@/app/_ui/scroll-box.tsx'

/** The cluster that links and commands are filled in for; null: none was chosen, and they speak of any. */
export interface HelpPlace {
  readonly id: string
  readonly name: string
  readonly connectString: string
}

export interface Step {
  readonly text: ReactNode
  /** Pages that do it. */
  readonly links?: readonly (readonly [href: string, label: string])[]
  /** What is typed, on a server or where the archives are. */
  readonly command?: string
}

/** `of` names what the steps are for: two commands of the page may be the same, and each box needs a name of its own. */
export function Steps({ of, steps }: { of: string; steps: readonly Step[] }) {
  return (
    <ol className="flex list-decimal flex-col gap-3 pl-5 text-sm marker:text-muted">
      {steps.map(({ text, links = [], command }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the steps are fixed and never re-ordered
        <li key={index} className="pl-1">
          <div>{text}</div>
          {links.length > 0 && <Places links={links} />}
          {command !== undefined && <Command name={`${of}, step ${index + 1}`} text={command} />}
        </li>
      ))}
    </ol>
  )
}

export function Places({ links }: { links: readonly (readonly [href: string, label: string])[] }) {
  return (
    <ul className="mt-1 flex flex-wrap gap-x-4 gap-y-1">
      {links.map(([href, label]) => (
        <li key={href}>
          <Link href={href} className="font-medium text-accent underline">
            {label}
          </Link>
        </li>
      ))}
    </ul>
  )
}

export function Command({ name, text }: { name: string; text: string }) {
  return (
    <div className="mt-1 flex items-start gap-1">
      <ScrollBox label={`Command: ${name}`} className="min-w-0 flex-1 rounded-md border bg-sunken p-2">
        <pre className="text-xs">{text}</pre>
      </ScrollBox>
      <CopyButton text={text} what="the command" />
    </div>
  )
}
