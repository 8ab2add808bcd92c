import { expect, test } from 'vitest'
import { parseEvent, readEvents } from './read-events.ts'

test('events come whole however the bytes were cut', async () => {
  const text = 'event: open\ndata: {}\n\n: still here\n\ndata: {"path":"/ü"}\n\ndata: a\ndata: b\n\n'
  const bytes = new TextEncoder().encode(text)
  for (let size = 1; size <= bytes.length; size += 3) {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let i = 0; i < bytes.length; i += size) controller.enqueue(bytes.slice(i, i + size))
        controller.close()
      },
    })
    const events = []
    for await (const event of readEvents(body)) events.push(event)
    expect(events).toEqual([
      { event: 'open', data: '{}' },
      { event: 'message', data: '{"path":"/ü"}' },
      { event: 'message', data: 'a\nb' },
    ])
  }
})

test('a heartbeat is not an event', () => {
  expect(parseEvent(': still here')).toBeNull()
})
