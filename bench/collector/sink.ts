import { createServer } from 'node:http'

// Takes pushes and forgets them: a server that is never the one that is waited for.
// usage: node bench/collector/sink.ts PORT

createServer((request, response) => {
  request.resume()
  request.on('end', () => response.writeHead(204).end())
}).listen(Number(process.argv[2]), '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
