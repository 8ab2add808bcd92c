import './globals.css'
import type { Metadata, Viewport } from 'next'
import { cookies } from 'next/headers'
import type { ReactNode } from 'react'
import { readTheme, THEME_COOKIE } from './_components/theme.ts'
import { toBrowserPath } from './_nav/base-path.ts'

export const metadata: Metadata = {
  title: { default: 'Arkeeper', template: '%s · Arkeeper' },
  description: 'Backup, verification, diff and guarded restore for ZooKeeper',
  icons: { icon: toBrowserPath('/favicon.svg') },
  robots: { index: false, follow: false },
}

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#f7f8f9' },
    { media: '(prefers-color-scheme: dark)', color: '#0e1216' },
  ],
}

export default async function RootLayout({ children }: { children: ReactNode }) {
  const theme = readTheme((await cookies()).get(THEME_COOKIE)?.value)
  return (
    // The switch changes the attribute before React knows of it, so a difference here is expected.
    <html lang="en" data-theme={theme === 'system' ? undefined : theme} suppressHydrationWarning>
      <body>{children}</body>
    </html>
  )
}
