import { ZnodePath } from '@/app/_components/znode-path.tsx'
import type { PlanWarning } from '@/lib/domain/restore/plan.ts'

/** Where, what, and what to do about it. */
export function WarningList({ warnings }: { warnings: readonly PlanWarning[] }) {
  return (
    <ul className="divide-y divide-line">
      {warnings.map(({ code, path, message, advice }) => (
        <li key={`${code} ${path} ${message}`} className="py-1.5">
          <ZnodePath path={path} className="font-medium" />
          <span className="block break-words">{message}</span>
          {advice && <span className="block break-words text-muted">{advice}</span>}
        </li>
      ))}
    </ul>
  )
}
