import { type APIRequestContext, expect } from '@playwright/test'
import type { Product } from './product.ts'
import { listServerActions } from './site-map.ts'

export interface ActionAnswer {
  readonly ok: boolean
  readonly value?: Record<string, string>
  readonly error?: { readonly code: string }
}

/** A server action as the browser asks for it. */
export async function act(api: APIRequestContext, demo: Product, name: string, input: unknown): Promise<ActionAnswer> {
  const id = listServerActions().find((each) => each.name === name)?.id ?? ''
  const answer = await api.post(`${demo.url}/account`, {
    headers: { 'next-action': id, origin: demo.url, 'content-type': 'text/plain;charset=UTF-8' },
    data: JSON.stringify([input]),
    maxRedirects: 0,
  })
  const body = await answer.text()
  const line = /^\w+:(\{"ok":.*\})$/m.exec(body)?.[1]
  expect(line, `${name}: ${answer.status()} ${body.slice(0, 500)}`).toBeDefined()
  return JSON.parse(line ?? '{}')
}

/** A token of whoever is signed in, as the header that a program sends. */
export async function bearerOf(
  api: APIRequestContext,
  demo: Product,
  token: { readonly name: string; readonly scopes: readonly string[]; readonly clusterIds?: readonly string[] },
): Promise<{ readonly authorization: string }> {
  const made = await act(api, demo, 'createTokenAction', { hours: 1, ...token })
  expect(made.ok, JSON.stringify(made.error)).toBe(true)
  return { authorization: `Bearer ${made.value?.token}` }
}
