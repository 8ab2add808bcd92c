import clsx from 'clsx'
import Link from 'next/link'
import type { ReactNode } from 'react'
import { ArmedBadge } from '@/app/_components/armed-badge.tsx'
import { EnvironmentBadge } from '@/app/_components/environment-badge.tsx'
import { AtCluster } from '@/app/_components/role.tsx'
import { CLUSTER_PAGES, type ClusterSection } from '@/app/_nav/cluster-pages.ts'
import { paths } from '@/app/_nav/paths.ts'
import type { ClusterView } from '@/lib/services/clusters/views.ts'

/** What every page of a cluster begins with: which cluster, how careful to be, and its other pages. */
export function ClusterFrame({
  cluster,
  section,
  actions,
  children,
}: {
  cluster: ClusterView
  section: ClusterSection
  actions?: ReactNode
  children: ReactNode
}) {
  return (
    <AtCluster ids={[cluster.id]}>
      <header className="mb-4">
        <div className="flex flex-wrap items-center gap-2">
          <h1 className="min-w-0 break-words font-semibold text-xl">{cluster.name}</h1>
          <EnvironmentBadge environment={cluster.environment} />
          <ArmedBadge isArmed={cluster.isArmed} armedUntil={cluster.armedUntil} />
          <code className="min-w-0 truncate font-mono text-muted text-xs max-sm:w-full" title={cluster.connectString}>
            {cluster.connectString}
          </code>
          {actions && <div className="ml-auto flex flex-wrap gap-2">{actions}</div>}
        </div>
        <nav aria-label={`Pages of ${cluster.name}`} className="mt-2 flex gap-1 overflow-x-auto border-b">
          {CLUSTER_PAGES.map(([name, label]) => (
            <Link
              key={name}
              href={paths.cluster(cluster.id, name)}
              aria-current={name === section ? 'page' : undefined}
              className={clsx(
                '-mb-px whitespace-nowrap border-b-2 px-2.5 py-1.5 text-sm -outline-offset-2',
                name === section ? 'border-accent font-medium text-accent' : 'border-transparent hover:text-accent',
              )}
            >
              {label}
            </Link>
          ))}
        </nav>
      </header>
      {children}
    </AtCluster>
  )
}
