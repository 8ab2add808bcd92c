'use client'

import { Menu as MenuIcon } from 'lucide-react'
import Link from 'next/link'
import { type ReactNode, useState } from 'react'
import { Brand } from '@/app/_components/brand.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Drawer } from '@/app/_ui/dialog.tsx'
import { CommandPalette } from './command-palette.tsx'
import { JobsDrawer } from './jobs-drawer.tsx'
import { KeysHelp } from './keys-help.tsx'
import { type NavCluster, SideNav } from './side-nav.tsx'
import { type SignedInPerson, UserMenu } from './user-menu.tsx'

export function ConsoleFrame({
  person,
  clusters,
  children,
}: {
  person: SignedInPerson
  clusters: readonly NavCluster[]
  children: ReactNode
}) {
  const [navOpen, setNavOpen] = useState(false)
  return (
    <div className="flex min-h-dvh flex-col">
      <a
        href="#content"
        className="sr-only z-50 rounded-md bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to content
      </a>
      <header className="sticky top-0 z-30 flex h-12 items-center gap-2 border-b bg-surface px-3">
        <Button
          tone="quiet"
          square
          aria-label="Open navigation"
          className="md:hidden"
          icon={<MenuIcon aria-hidden className="size-4" />}
          onClick={() => setNavOpen(true)}
        />
        <Link href={paths.overview()} aria-label="Arkeeper, to the overview" className="flex items-center rounded-md">
          <Brand />
        </Link>
        <div className="flex-1" />
        <CommandPalette clusters={clusters} />
        <JobsDrawer />
        <KeysHelp />
        <UserMenu person={person} />
      </header>
      <div className="flex min-w-0 flex-1">
        <aside className="sticky top-12 hidden h-[calc(100dvh-3rem)] w-56 shrink-0 overflow-y-auto border-r bg-surface px-2 py-3 md:block">
          <SideNav clusters={clusters} />
        </aside>
        <main id="content" tabIndex={-1} className="min-w-0 flex-1 px-3 py-4 outline-none sm:px-5">
          {children}
        </main>
      </div>
      <Drawer open={navOpen} onOpenChange={setNavOpen} title="Navigation" side="left">
        <div className="px-2 py-3">
          <SideNav clusters={clusters} onNavigate={() => setNavOpen(false)} />
        </div>
      </Drawer>
    </div>
  )
}
