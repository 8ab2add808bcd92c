import type { ReactNode } from 'react'
import { Brand } from './brand.tsx'

export function AuthFrame({ title, intro, children }: { title: string; intro: ReactNode; children: ReactNode }) {
  return (
    <main className="mx-auto flex min-h-dvh max-w-sm flex-col justify-center gap-5 px-4 py-10">
      <Brand />
      <div>
        <h1 className="font-semibold text-xl">{title}</h1>
        <p className="mt-1 text-muted text-sm">{intro}</p>
      </div>
      <div className="rounded-lg border bg-surface p-4">{children}</div>
    </main>
  )
}
