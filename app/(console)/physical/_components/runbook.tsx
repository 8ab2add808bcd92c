'use client'

import { Download } from 'lucide-react'
import { useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { paths } from '@/app/_nav/paths.ts'
import { buttonClass } from '@/app/_ui/button-class.ts'
import { Card } from '@/app/_ui/card.tsx'
import { CopyButton } from '@/app/_ui/copy-button.tsx'
import { CheckboxField } from '@/app/_ui/field.tsx'
import { formatUtc } from '@/app/_ui/format-time.ts'
import { ScrollBox } from '@/app/_ui/scroll-box.tsx'
import type { PhysicalView, RunbookStep, TickView } from '@/lib/services/physical/views.ts'
import { tickPhysicalAction } from '../actions.ts'

/** Every command for every server, in order, with a box that everybody sees ticked. */
export function Runbook({ view, onDone }: { view: PhysicalView; onDone: () => void }) {
  const tick = useAction(tickPhysicalAction, onDone)
  const ticks = new Map(view.ticks.map((each) => [each.step, each]))
  // Shown as they were clicked until the next look at the list says the same, or a click was refused.
  const [asked, setAsked] = useState<ReadonlyMap<string, boolean>>(new Map())
  const isKnown = [...asked].every(([step, done]) => ticks.has(step) === done)
  if (asked.size > 0 && !tick.pending && (tick.error || isKnown)) setAsked(new Map())
  const isByHand = view.way !== 'worker'
  return (
    <Card
      title={isByHand ? `Runbook: ${ticks.size} of ${view.runbook.length} steps done` : 'By hand'}
      actions={
        view.way !== 'admin' && (
          <a href={paths.api.physicalBundle(view.id)} download className={buttonClass({ size: 'small' })}>
            <Download aria-hidden className="size-3.5" />
            Download the bundle
          </a>
        )
      }
    >
      <div className="flex flex-col gap-4">
        {tick.error && <ErrorNotice error={tick.error} />}
        <p className="text-sm">
          {view.way === 'admin'
            ? 'What is left to people: Arkeeper has no commands for these servers.'
            : isByHand
              ? 'The bundle is a tar file with this runbook, the snapshot under its final name and its SHA-256. Nothing is deleted on the way.'
              : 'For the day that Arkeeper cannot go on: where the files of each server stand is above, and the rest of these steps leads on from there.'}
        </p>
        <ol aria-label="Steps of the runbook" className="flex flex-col gap-4">
          {view.runbook.map((step, index) => (
            <Step
              key={step.key}
              step={step}
              number={index + 1}
              tick={ticks.get(step.key) ?? null}
              checked={asked.get(step.key) ?? ticks.has(step.key)}
              onTick={
                isByHand
                  ? (done) => {
                      setAsked((before) => new Map(before).set(step.key, done))
                      tick.run({ physicalId: view.id, step: step.key, done })
                    }
                  : null
              }
            />
          ))}
        </ol>
        {view.undoCommands.length > 0 && (
          <div>
            <h3 className="mb-1 font-semibold text-sm">The way back</h3>
            <Commands label="The way back" commands={view.undoCommands} />
          </div>
        )}
      </div>
    </Card>
  )
}

function Step({
  step,
  number,
  tick,
  checked,
  onTick,
}: {
  step: RunbookStep
  number: number
  tick: TickView | null
  checked: boolean
  onTick: ((done: boolean) => void) | null
}) {
  const title = `${number}. ${step.title}`
  return (
    <li className="min-w-0">
      {onTick ? (
        <CheckboxField
          label={title}
          hint={tick ? `Done by ${tick.actorName}, ${formatUtc(Date.parse(tick.at))}` : step.why}
          checked={checked}
          onChange={(event) => onTick(event.target.checked)}
        />
      ) : (
        <>
          <p className="text-sm">{title}</p>
          <p className="text-muted text-xs">{step.why}</p>
        </>
      )}
      <Commands label={`Commands: ${step.title}`} commands={step.commands} />
    </li>
  )
}

function Commands({ label, commands }: { label: string; commands: readonly string[] }) {
  return (
    <div className="mt-1 flex items-start gap-1">
      <ScrollBox label={label} className="min-w-0 flex-1 rounded-md border bg-sunken">
        <pre className="px-3 py-2 font-mono text-xs">{commands.join('\n')}</pre>
      </ScrollBox>
      <CopyButton text={commands.join('\n')} what={label.toLowerCase()} className="mt-1" />
    </div>
  )
}
