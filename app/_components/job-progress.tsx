import { formatCount } from '@/app/_ui/format-number.ts'
import { formatDuration } from '@/app/_ui/format-time.ts'
import { ProgressBar } from '@/app/_ui/progress-bar.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { JobProgress as Progress } from '@/lib/services/jobs/views.ts'

/** Stage, numbers, rate and time left. The bar has an end only where the job knows one. */
export function JobProgress({ progress, label }: { progress: Progress | null; label: string }) {
  if (progress === null) {
    return (
      <div className="flex flex-col gap-1">
        <ProgressBar value={null} label={label} />
        <p className="text-muted text-xs">Starting</p>
      </div>
    )
  }
  const { total, done } = progress
  return (
    <div className="flex flex-col gap-1">
      <ProgressBar value={total === null || total === 0 ? null : done / total} label={label} />
      <p className="flex flex-wrap gap-x-3 text-muted text-xs">
        <span className="text-fg">{progress.stage}</span>
        <span>
          {formatCount(done)}
          {total !== null && ` of ${formatCount(total)}`}
        </span>
        {progress.bytes > 0 && <span>{formatBytes(progress.bytes)}</span>}
        {progress.ratePerSecond > 0 && <span>{formatCount(Math.round(progress.ratePerSecond))}/s</span>}
        {progress.etaMs !== null && progress.etaMs > 0 && <span>about {formatDuration(progress.etaMs)} left</span>}
      </p>
    </div>
  )
}
