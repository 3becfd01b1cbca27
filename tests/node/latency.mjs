// Stock clients that say when they hear of a finished window: node latency.mjs URL CLIENTS
import { createClient } from '@supabase/supabase-js'
import ws from 'ws'

const [url, clients] = process.argv.slice(2)
const say = (what) => process.stdout.write(JSON.stringify(what) + '\n')

for (let n = 0; n < Number(clients); n++) {
  const supabase = createClient(url, 'any', { realtime: { transport: ws } })
  supabase.channel('cache-metrics')
    .on('broadcast', { event: 'cache_metrics_1min' }, ({ payload }) => {
      const at = Date.now() / 1000
      if (payload.rows.length && !payload.rows[0].provisional) say({ minute: payload.minute_window, at })
    })
    .subscribe((status) => { if (status === 'SUBSCRIBED') say({ ready: true }) })
}
