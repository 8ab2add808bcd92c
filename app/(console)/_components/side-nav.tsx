'use client'

import clsx from 'clsx'
import {
  Bell,
  BellRing,
  CalendarClock,
  EyeOff,
  GitCompareArrows,
  HardDrive,
  LayoutDashboard,
  LifeBuoy,
  Plus,
  ScrollText,
  Search,
  Server,
  Users,
} from 'lucide-react'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import type { ReactNode } from 'react'
import { CLUSTER_PAGES } from '@/app/_nav/cluster-pages.ts'
import { paths } from '@/app/_nav/paths.ts'
import { AlertCount } from './alert-count.tsx'

export interface NavCluster {
  readonly id: string
  readonly name: string
  readonly environment: 'production' | 'staging' | 'development'
}

const DOTS = { production: 'bg-removed', staging: 'bg-changed', development: 'bg-line-strong' }

export function SideNav({ clusters, onNavigate }: { clusters: readonly NavCluster[]; onNavigate?: () => void }) {
  const pathname = usePathname()
  return (
    <nav aria-label="Main" className="flex flex-col gap-4">
      <ul className="flex flex-col gap-px">
        <NavLink
          href={paths.overview()}
          current={pathname === '/'}
          icon={<LayoutDashboard aria-hidden />}
          onNavigate={onNavigate}
        >
          Overview
        </NavLink>
        <NavLink
          href={paths.diffs()}
          current={pathname.startsWith('/diffs')}
          icon={<GitCompareArrows aria-hidden />}
          onNavigate={onNavigate}
        >
          Diffs
        </NavLink>
        <NavLink
          href={paths.schedules()}
          current={pathname === paths.schedules()}
          icon={<CalendarClock aria-hidden />}
          onNavigate={onNavigate}
        >
          Schedules
        </NavLink>
        <NavLink
          href={paths.searches()}
          current={pathname.startsWith('/searches')}
          icon={<Search aria-hidden />}
          onNavigate={onNavigate}
        >
          Searches
        </NavLink>
        <NavLink
          href={paths.alerts()}
          current={pathname === paths.alerts()}
          icon={<BellRing aria-hidden />}
          trailing={<AlertCount />}
          onNavigate={onNavigate}
        >
          Alerts
        </NavLink>
        <NavLink
          href={paths.audit()}
          current={pathname === '/audit'}
          icon={<ScrollText aria-hidden />}
          onNavigate={onNavigate}
        >
          Audit
        </NavLink>
        <NavLink
          href={paths.stores()}
          current={pathname === paths.stores()}
          icon={<HardDrive aria-hidden />}
          onNavigate={onNavigate}
        >
          Stores
        </NavLink>
        <NavLink
          href={paths.values()}
          current={pathname === paths.values()}
          icon={<EyeOff aria-hidden />}
          onNavigate={onNavigate}
        >
          Hidden values
        </NavLink>
        <NavLink
          href={paths.notifications()}
          current={pathname === paths.notifications()}
          icon={<Bell aria-hidden />}
          onNavigate={onNavigate}
        >
          Notifications
        </NavLink>
        <NavLink
          href={paths.people()}
          current={pathname === paths.people()}
          icon={<Users aria-hidden />}
          onNavigate={onNavigate}
        >
          People
        </NavLink>
        <NavLink
          href={paths.help()}
          current={pathname === paths.help()}
          icon={<LifeBuoy aria-hidden />}
          onNavigate={onNavigate}
        >
          Help
        </NavLink>
      </ul>
      <div>
        <h2 className="px-2 pb-1 font-medium text-muted text-xs">Clusters</h2>
        <ul className="flex flex-col gap-px">
          {clusters.map((cluster) => {
            const within = pathname.startsWith(`/clusters/${cluster.id}/`)
            return (
              <NavLink
                key={cluster.id}
                href={paths.cluster(cluster.id)}
                current={false}
                open={within}
                icon={<Server aria-hidden />}
                onNavigate={onNavigate}
                trailing={
                  <span
                    title={cluster.environment}
                    className={clsx('size-2 shrink-0 rounded-full', DOTS[cluster.environment])}
                  />
                }
                below={
                  within && (
                    <ul className="mt-px ml-4 flex flex-col gap-px border-l pl-2">
                      {CLUSTER_PAGES.map(([section, label]) => (
                        <NavLink
                          key={section}
                          href={paths.cluster(cluster.id, section)}
                          current={pathname === paths.cluster(cluster.id, section)}
                          onNavigate={onNavigate}
                        >
                          {label}
                        </NavLink>
                      ))}
                    </ul>
                  )
                }
              >
                {cluster.name}
              </NavLink>
            )
          })}
          <NavLink
            href={paths.newCluster()}
            current={pathname === paths.newCluster()}
            icon={<Plus aria-hidden />}
            onNavigate={onNavigate}
          >
            Add cluster
          </NavLink>
        </ul>
      </div>
    </nav>
  )
}

function NavLink({
  href,
  current,
  open = false,
  icon,
  trailing,
  below,
  onNavigate,
  children,
}: {
  href: string
  current: boolean
  /** A page below it is shown. */
  open?: boolean
  icon?: ReactNode
  trailing?: ReactNode
  below?: ReactNode
  onNavigate?: () => void
  children: ReactNode
}) {
  return (
    <li>
      <Link
        href={href}
        onClick={onNavigate}
        aria-current={current ? 'page' : undefined}
        className={clsx(
          'flex min-w-0 items-center gap-2 rounded-md px-2 py-1 text-sm [&>svg]:size-4 [&>svg]:shrink-0',
          current ? 'bg-accent-soft font-medium text-accent' : 'hover:bg-hover',
          open && 'font-semibold',
        )}
      >
        {icon}
        <span className="min-w-0 flex-1 truncate">{children}</span>
        {trailing}
      </Link>
      {below}
    </li>
  )
}
