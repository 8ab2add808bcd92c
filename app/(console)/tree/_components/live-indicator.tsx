'use client'

import { LoaderCircle, Pause, Play, Radio, Unplug } from 'lucide-react'
import { Badge } from '@/app/_ui/badge.tsx'
import { Button } from '@/app/_ui/button.tsx'
import type { LiveState } from './use-tree-events.ts'

/** Whether what is on screen follows the cluster. */
export function LiveIndicator({
  state,
  paused,
  onPause,
}: {
  state: LiveState
  paused: boolean
  onPause: (paused: boolean) => void
}) {
  return (
    <span className="flex items-center gap-1.5">
      <span role="status" className="inline-flex">
        {state.kind === 'live' && (
          <Badge tone="good" icon={<Radio aria-hidden />} title="Changes by other clients show here as they happen">
            live
          </Badge>
        )}
        {state.kind === 'connecting' && (
          <Badge icon={<LoaderCircle aria-hidden className="animate-spin" />}>connecting</Badge>
        )}
        {state.kind === 'paused' && (
          <Badge tone="warn" icon={<Pause aria-hidden />} title="Changes by other clients do not show until you resume">
            paused
          </Badge>
        )}
        {state.kind === 'lost' && (
          <Badge
            tone="bad"
            icon={<Unplug aria-hidden />}
            title={state.error?.message ?? 'The connection to the cluster was lost'}
          >
            not live, trying again
          </Badge>
        )}
      </span>
      <Button
        size="small"
        tone="quiet"
        square
        aria-label={paused ? 'Resume live updates' : 'Pause live updates'}
        title={paused ? 'Resume live updates' : 'Pause live updates'}
        icon={paused ? <Play aria-hidden className="size-3.5" /> : <Pause aria-hidden className="size-3.5" />}
        onClick={() => onPause(!paused)}
      />
    </span>
  )
}
