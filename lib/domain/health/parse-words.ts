/** `mntr`: a key, a tab and a value a line. */
export function parseMntr(text: string): Record<string, string> {
  const told: Record<string, string> = {}
  for (const line of text.split('\n')) {
    const tab = line.indexOf('\t')
    if (tab > 0) told[line.slice(0, tab)] = line.slice(tab + 1).trim()
  }
  return told
}

const SRVR_KEYS: Readonly<Record<string, string>> = {
  'Zookeeper version': 'version',
  Received: 'packets_received',
  Sent: 'packets_sent',
  Connections: 'num_alive_connections',
  Outstanding: 'outstanding_requests',
  Mode: 'server_state',
  'Node count': 'znode_count',
}

/** `srvr`, under the keys of `mntr`, and `last_processed_zxid` in decimal, which `mntr` has not. Empty for what is no such answer. */
export function parseSrvr(text: string): Record<string, string> {
  const told: Record<string, string> = {}
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    if (colon <= 0) continue
    const [name, value] = [line.slice(0, colon).trim(), line.slice(colon + 1).trim()]
    const key = SRVR_KEYS[name]
    if (key !== undefined) told[key] = value
    if (name === 'Latency min/avg/max') {
      const [min = '', avg = '', max = ''] = value.split('/')
      Object.assign(told, { min_latency: min, avg_latency: avg, max_latency: max })
    }
    const zxid = name === 'Zxid' ? /^0x([0-9a-f]{1,16})$/i.exec(value) : null
    if (zxid) told.last_processed_zxid = BigInt(`0x${zxid[1]}`).toString()
  }
  return told
}

/** `conf`: `key=value` lines, and below them the members as in `/zookeeper/config`. */
export function parseConf(text: string): Record<string, string> {
  const told: Record<string, string> = {}
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=')
    if (equals > 0) told[line.slice(0, equals).trim()] = line.slice(equals + 1).trim()
  }
  return told
}
