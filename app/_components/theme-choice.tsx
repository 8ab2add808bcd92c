'use client'

import { Monitor, Moon, Sun } from 'lucide-react'
import { useState } from 'react'
import { BASE_PATH } from '@/app/_nav/base-path.ts'
import { MenuChoice } from '@/app/_ui/menu.tsx'
import { readTheme, THEME_COOKIE, type Theme } from './theme.ts'

const YEAR_SECONDS = 365 * 24 * 3600

export function ThemeChoice() {
  const [theme, setTheme] = useState<Theme>(() => readTheme(document.documentElement.dataset.theme))
  const choose = (next: Theme) => {
    setTheme(next)
    if (next === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = next
    // biome-ignore lint/suspicious/noDocumentCookie: the cookie store API is not in every browser that we serve
    document.cookie = `${THEME_COOKIE}=${next}; path=${BASE_PATH || '/'}; max-age=${YEAR_SECONDS}; samesite=lax`
  }
  return (
    <MenuChoice
      label="Theme"
      value={theme}
      onChange={choose}
      options={[
        { value: 'system', label: 'System', icon: <Monitor aria-hidden /> },
        { value: 'light', label: 'Light', icon: <Sun aria-hidden /> },
        { value: 'dark', label: 'Dark', icon: <Moon aria-hidden /> },
      ]}
    />
  )
}
