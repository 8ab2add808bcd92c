'use client'

import { CircleUserRound, LogOut } from 'lucide-react'
import Link from 'next/link'
import { useState } from 'react'
import { ThemeChoice } from '@/app/_components/theme-choice.tsx'
import { goTo } from '@/app/_nav/address-bar.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Menu, MenuItem, MenuSeparator, MenuText } from '@/app/_ui/menu.tsx'

export interface SignedInPerson {
  readonly name: string
  readonly email: string
  readonly role: string
  /** Where signing out goes on after it is done here. */
  readonly signOutUrl: string | null
}

export function UserMenu({ person }: { person: SignedInPerson }) {
  const [pending, setPending] = useState(false)
  const signOut = async () => {
    setPending(true)
    const response = await fetch(paths.api.auth('sign-out'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    }).catch(() => null)
    setPending(false)
    if (!response?.ok) return
    if (person.signOutUrl) window.location.assign(person.signOutUrl)
    else goTo(paths.signIn())
  }
  return (
    <Menu
      label="User menu"
      trigger={
        <Button
          tone="quiet"
          square
          aria-label={`User menu of ${person.name}`}
          pending={pending}
          icon={<CircleUserRound aria-hidden className="size-4.5" />}
        />
      }
    >
      <MenuText>
        <span className="block font-medium">{person.name}</span>
        <span className="block text-muted text-xs">{person.email}</span>
        <span className="block text-muted text-xs">Role: {person.role}</span>
      </MenuText>
      <MenuItem asChild>
        <Link href={paths.account()}>Sessions and password</Link>
      </MenuItem>
      <MenuItem asChild>
        <Link href={paths.apiDocs()}>API</Link>
      </MenuItem>
      <MenuSeparator />
      <ThemeChoice />
      <MenuSeparator />
      <MenuItem icon={<LogOut aria-hidden />} onSelect={signOut}>
        Sign out
      </MenuItem>
    </Menu>
  )
}
