import type { Metadata } from 'next'
import Link from 'next/link'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { readText, type SearchParams } from '@/app/_nav/search-params.ts'
import { Card } from '@/app/_ui/card.tsx'
import { loadClusters } from '../loaders.ts'
import { ClusterChoice } from './_components/cluster-choice.tsx'
import { QUESTIONS } from './_components/questions.tsx'
import { SITUATIONS } from './_components/situations.tsx'
import { Steps } from './_components/steps.tsx'

export const metadata: Metadata = { title: 'Help' }

export default async function HelpPage({ searchParams }: { searchParams: Promise<SearchParams> }) {
  const clusters = await loadClusters()
  const list = clusters.ok ? clusters.value : []
  const wanted = readText(await searchParams, 'cluster')
  const chosen = list.find(({ id }) => id === wanted) ?? (list.length === 1 ? list[0] : undefined)
  const place = chosen ? { id: chosen.id, name: chosen.name, connectString: chosen.connectString } : null
  return (
    <>
      <PageHeader title="Help">
        What to do when something is lost, in the order in which to do it. This page needs no internet.
      </PageHeader>
      <div className="grid max-w-6xl gap-4 lg:grid-cols-[14rem_minmax(0,1fr)]">
        <nav aria-label="On this page" className="flex flex-col gap-3 text-sm lg:sticky lg:top-4 lg:self-start">
          <ClusterChoice clusters={list.map(({ id, name }) => ({ id, name }))} chosen={place?.id ?? null} />
          <Contents title="What happened" entries={SITUATIONS} clusterId={place?.id} />
          <Contents title="What people ask" entries={QUESTIONS} clusterId={place?.id} />
        </nav>
        <div className="flex min-w-0 flex-col gap-4">
          {SITUATIONS.map(({ id, title, first, steps }) => (
            <div key={id} id={id} className="scroll-mt-4">
              <Card title={title}>
                <p className="mb-3 font-medium text-sm">{first}</p>
                <Steps of={title} steps={steps(place)} />
              </Card>
            </div>
          ))}
          {QUESTIONS.map(({ id, title, answer }) => (
            <div key={id} id={id} className="scroll-mt-4">
              <Card title={title}>
                <div className="flex flex-col gap-2 text-sm">{answer(place)}</div>
              </Card>
            </div>
          ))}
        </div>
      </div>
    </>
  )
}

function Contents({
  title,
  entries,
  clusterId,
}: {
  title: string
  entries: readonly { readonly id: string; readonly title: string }[]
  clusterId: string | undefined
}) {
  return (
    <div>
      <h2 className="pb-1 font-medium text-muted text-xs">{title}</h2>
      <ul className="flex flex-col gap-1">
        {entries.map((entry) => (
          <li key={entry.id}>
            <Link
              href={paths.help({ clusterId, about: entry.id })}
              className="rounded hover:text-accent hover:underline"
            >
              {entry.title}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  )
}
