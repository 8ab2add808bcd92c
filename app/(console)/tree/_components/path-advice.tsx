'use client'

import { useQuery } from '@tanstack/react-query'
import { requestJson } from '@/app/_components/request-json.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import { isDanger, severityOf } from '@/lib/domain/guards/severity.ts'
import type { PlanWarning } from '@/lib/domain/restore/plan.ts'

/** What is known of a path that an application writes for itself, before a person writes it; nothing where nothing is known. */
export function PathAdvice({
  clusterId,
  path,
  act,
}: {
  clusterId: string
  path: string
  act: 'create' | 'change' | 'delete'
}) {
  const { data } = useQuery({
    queryKey: ['advice', clusterId, path, act],
    queryFn: ({ signal }) =>
      requestJson<readonly PlanWarning[]>(paths.api.advice(clusterId, { path, act }), { signal }),
    staleTime: 60_000,
  })
  return (
    <>
      {data?.map((warning) => (
        <Notice
          key={`${warning.code} ${warning.message}`}
          live
          tone={isDanger(warning) ? 'bad' : severityOf(warning) === 'note' ? 'info' : 'warn'}
          title={warning.message}
        >
          {warning.advice}
        </Notice>
      ))}
    </>
  )
}
