// A stock client, as an application has it. Every line that it prints is JSON: what happened.
//     node listen.mjs URL KEY PACKAGE
import ws from 'ws'

const [url, key, name] = process.argv.slice(2)
const { createClient } = await import(name)
const say = (kind, more = {}) => console.log(JSON.stringify({ kind, ...more }))

// Node 20 has no WebSocket of its own
const supabase = createClient(url, key, { realtime: { transport: ws } })

// The reference's own lines.
const channel = supabase.channel('cache-metrics')
  .on('broadcast', { event: 'cache_metrics_1min' }, (payload) => { say('windows', { payload }) })
  .subscribe()

const tables = supabase.channel('tables', {
  config: { broadcast: { ack: true }, presence: { key: name } },
})
for (const table of ['cache_metrics_1min', 'cache_auditor_observations']) {
  const filter = 'cache_name=eq.shop'
  tables.on('postgres_changes', { event: '*', schema: 'monitoring', table, filter }, (change) => {
    say('change', { change })
  })
}
tables
  .on('presence', { event: 'sync' }, () => say('present', { keys: Object.keys(tables.presenceState()) }))
  .on('broadcast', { event: 'note' }, (payload) => say('note', { payload }))
  .subscribe(async (status, error) => {
    say('status', { status, error: error?.message })
    if (status !== 'SUBSCRIBED') return
    say('tracked', { answer: await tables.track({ listening: true }) })
    say('acknowledged', { answer: await tables.send({ type: 'broadcast', event: 'note', payload: { from: name } }) })
  })

const observations = supabase.channel('cache-metrics-too')
  .on('broadcast', { event: '*' }, (payload) => say('wrong', { payload }))
  .subscribe()

let joined = false
setInterval(() => {
  const now = channel.state === 'joined' && tables.state === 'joined' && observations.state === 'joined'
  if (now !== joined) say(now ? 'joined' : 'away')
  joined = now
}, 20)
