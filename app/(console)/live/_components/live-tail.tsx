'use client'

import { Pause, Play } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { requestJson, viewOfError } from '@/app/_components/request-json.ts'
import { showAddress } from '@/app/_nav/address-bar.ts'
import { paths } from '@/app/_nav/paths.ts'
import { Button } from '@/app/_ui/button.tsx'
import { Card } from '@/app/_ui/card.tsx'
import { plural } from '@/app/_ui/format-number.ts'
import type { ErrorView } from '@/lib/services/error-view.ts'
import type { LiveEventView, LiveStatusView, LiveTxnsView } from '@/lib/services/live/views.ts'
import { LiveFilter, type LiveFilterChoice } from './live-filter.tsx'
import { LiveList } from './live-list.tsx'
import { addLiveRows, beforeOlder, joinNews, type LiveNews, type LiveRow, toLiveRows } from './live-rows.ts'
import { LiveTxnDetail } from './live-txn-detail.tsx'
import { TYPE_CHOICES } from './live-words.ts'
import { TailBadge, TailReach } from './tail-badge.tsx'
import { useLiveTail } from './use-live-tail.ts'

/** The list is drawn so often at most, whatever comes. */
const DRAW_EVERY_MS = 250
const NOTHING: LiveNews = { transactions: [], more: 0 }

/** The transactions of a cluster as they become known, with filters and a pause, and what one of them did. */
export function LiveTail({
  clusterId,
  initial,
  initialStatus,
  filter,
  chosen,
}: {
  clusterId: string
  initial: LiveTxnsView
  initialStatus: LiveStatusView
  filter: LiveFilterChoice
  /** zxid of the one that is opened. */
  chosen: string | null
}) {
  const router = useRouter()
  const types = filter.choice === null ? NO_TYPES : TYPE_CHOICES[filter.choice].types
  const [rows, setRows] = useState<readonly LiveRow[]>(() => toLiveRows(initial.transactions))
  const [status, setStatus] = useState(initialStatus)
  const [paused, setPaused] = useState(false)
  const [held, setHeld] = useState(NOTHING)
  const [opened, setOpened] = useState(chosen)
  const [next, setNext] = useState(initial.next)
  const [older, setOlder] = useState<{ pending: boolean; error: ErrorView | null }>({ pending: false, error: null })
  const waiting = useRef(NOTHING)
  const newest = useRef(initial.newest?.zxid ?? null)
  const shownState = useRef(initialStatus.follow?.state)

  const onEvent = useCallback(
    (event: LiveEventView) => {
      if (event.kind === 'status') {
        setStatus(event.status)
        // What else the page says of it is of the time that it was loaded.
        if (event.status.follow?.state !== shownState.current) router.refresh()
        shownState.current = event.status.follow?.state
        return
      }
      if (event.kind !== 'transactions') {
        router.refresh()
        return
      }
      newest.current = event.transactions.at(-1)?.zxid ?? newest.current
      waiting.current = joinNews(waiting.current, event)
    },
    [router],
  )
  const state = useLiveTail({ clusterId, under: filter.under, types, after: () => newest.current, onEvent })

  useEffect(() => {
    const timer = setInterval(() => {
      const news = waiting.current
      if (news.transactions.length + news.more === 0) return
      waiting.current = NOTHING
      if (paused) setHeld((before) => joinNews(before, news))
      else setRows((before) => addLiveRows(before, news))
    }, DRAW_EVERY_MS)
    return () => clearInterval(timer)
  }, [paused])

  const resume = () => {
    setRows((before) => addLiveRows(before, held))
    setHeld(NOTHING)
    setPaused(false)
  }
  const show = (zxid: string) => {
    const txn = zxid === opened ? null : zxid
    setOpened(txn)
    showAddress(paths.clusterLive(clusterId, { under: filter.under, show: filter.choice, txn: txn ?? undefined }))
  }
  const before = beforeOlder(rows, next)
  const readOlder = async () => {
    setOlder({ pending: true, error: null })
    try {
      const page = await requestJson<LiveTxnsView>(
        paths.api.liveTransactions(clusterId, { under: filter.under, types, before }),
      )
      setRows((before) => [...before, ...toLiveRows(page.transactions)])
      setNext(page.next)
      setOlder({ pending: false, error: null })
    } catch (error) {
      setOlder({ pending: false, error: viewOfError(error) })
    }
  }
  const heldCount = held.transactions.length + held.more
  const txn = useMemo(
    () => rows.flatMap((row) => (row.kind === 'txn' && row.txn.zxid === opened ? [row.txn] : []))[0] ?? null,
    [rows, opened],
  )
  return (
    <>
      <Card
        flush
        title="Transactions, newest first"
        actions={
          <span className="flex flex-wrap items-center gap-2 max-sm:w-full">
            {state.kind === 'live' && <TailReach status={status} />}
            <span role="status" className="inline-flex">
              <TailBadge state={state} status={status} heldCount={paused ? heldCount : null} />
            </span>
            <Button
              size="small"
              icon={paused ? <Play aria-hidden className="size-3.5" /> : <Pause aria-hidden className="size-3.5" />}
              onClick={() => (paused ? resume() : setPaused(true))}
            >
              {paused ? 'Resume' : 'Pause'}
            </Button>
          </span>
        }
      >
        <LiveFilter clusterId={clusterId} filter={filter} />
        <LiveList
          rows={rows}
          isFiltered={filter.under !== '/' || filter.choice !== null}
          opened={opened}
          onOpen={show}
        />
        <div className="flex flex-wrap items-center gap-3 border-t px-4 py-2 text-muted text-xs">
          {before !== null && (
            <Button size="small" pending={older.pending} onClick={readOlder}>
              Older transactions
            </Button>
          )}
          <span>{plural(rows.filter(({ kind }) => kind === 'txn').length, 'transaction')} listed.</span>
          {older.error && <ErrorNotice error={older.error} />}
        </div>
      </Card>
      <p role="status" className="sr-only">
        {opened === chosen ? '' : opened === null ? 'Closed' : `${opened} is opened below the list`}
      </p>
      {opened !== null && <LiveTxnDetail key={opened} clusterId={clusterId} zxid={opened} txn={txn} />}
    </>
  )
}

const NO_TYPES: readonly string[] = []
