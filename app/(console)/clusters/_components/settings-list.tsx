'use client'

import clsx from 'clsx'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { SETTINGS_GROUPS } from '@/app/_nav/cluster-pages.ts'
import { Landing } from '@/app/_ui/landing.tsx'
import { readSection } from './settings-position.ts'

const IDS = SETTINGS_GROUPS.flatMap(({ sections }) => sections.map(([id]) => id))

/** The sections of the settings: beside them where there is room, else a row on top; the one that is read is marked. */
export function SettingsList({ children }: { children?: ReactNode }) {
  const list = useRef<HTMLElement>(null)
  const [current, setCurrent] = useState<string | null>(null)
  useEffect(() => {
    let frame = 0
    const read = () => {
      frame = 0
      setCurrent(
        readSection(
          IDS.flatMap((id) => {
            const element = document.getElementById(id)
            return element ? [{ id, top: element.getBoundingClientRect().top }] : []
          }),
          {
            line: innerHeight / 4,
            height: innerHeight,
            isAtEnd: scrollY + innerHeight >= document.documentElement.scrollHeight - 2,
            asked: location.hash.slice(1),
          },
        ),
      )
    }
    const later = () => {
      frame ||= requestAnimationFrame(read)
    }
    read()
    const events = ['scroll', 'resize', 'hashchange'] as const
    for (const event of events) addEventListener(event, later, { passive: true })
    return () => {
      cancelAnimationFrame(frame)
      for (const event of events) removeEventListener(event, later)
    }
  }, [])
  useEffect(() => {
    const row = list.current
    const link = row?.querySelector<HTMLElement>(`a[href="#${current}"]`)
    // The row of a narrow page: scrollIntoView would move the page with it.
    if (row && link) row.scrollLeft = link.offsetLeft - (row.clientWidth - link.clientWidth) / 2
  }, [current])
  return (
    <nav
      ref={list}
      aria-label="Sections of the settings"
      className={clsx(
        'sticky top-12 z-10 -mx-3 flex gap-1 overflow-x-auto border-b bg-bg px-3 py-1.5 sm:-mx-5 sm:px-5',
        'lg:top-16 lg:mx-0 lg:max-h-[calc(100dvh-5rem)] lg:flex-col lg:gap-3 lg:overflow-y-auto lg:border-b-0 lg:p-0',
      )}
    >
      {SETTINGS_GROUPS.map(({ title, sections }) => (
        <div key={title} className="shrink-0">
          <p aria-hidden className="hidden px-2 pb-0.5 font-medium text-muted text-xs lg:block">
            {title}
          </p>
          <ul aria-label={title} className="flex gap-1 lg:flex-col lg:gap-px">
            {sections.map(([id, label]) => (
              <li key={id}>
                <a
                  href={`#${id}`}
                  aria-current={current === id ? 'location' : undefined}
                  className={clsx(
                    'block whitespace-nowrap rounded-md px-2 py-1 text-sm -outline-offset-2',
                    current === id ? 'bg-accent-soft font-medium text-accent' : 'hover:bg-hover',
                  )}
                >
                  {label}
                </a>
              </li>
            ))}
          </ul>
        </div>
      ))}
      {children}
      <Landing at={IDS} />
    </nav>
  )
}
