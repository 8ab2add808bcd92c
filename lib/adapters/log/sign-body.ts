import { createHmac } from 'node:crypto'

export const SIGNATURE_HEADER = 'x-arkeeper-signature'

/** `t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>" in hex>`: a receiver checks who sent it, and how long ago. */
export function signBody(secret: string, body: string, nowMs: number): string {
  const time = String(Math.floor(nowMs / 1000))
  return `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`
}
