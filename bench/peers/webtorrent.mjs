/**
 * One end of a download by BitTorrent over a TCP connection on this machine, without trackers or a DHT:
 * `node webtorrent.mjs`. The one who has the file: seed. The one who wants it: get.
 */
import { registerHooks } from 'node:module';
import { serve } from './lines.mjs';

// Its WebRTC needs a binary that is not in the registry's package; over TCP nothing of it is called.
const noWebRtc =
  'data:text/javascript,export const [RTCPeerConnection, RTCSessionDescription, RTCIceCandidate] = []';
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'webrtc-polyfill' ? { url: noWebRtc, shortCircuit: true } : next(specifier, context),
});
const { default: WebTorrent } = await import('webtorrent');

const client = new WebTorrent({
  dht: false,
  tracker: false,
  lsd: false,
  utPex: false,
  natUpnp: false,
  natPmp: false,
  utp: false,
});
client.on('error', (error) => process.stderr.write(`${error.stack}\n`));

serve({
  seed: ({ file }) =>
    new Promise((resolve) => {
      client.seed(file, { announce: [] }, (torrent) =>
        resolve({ torrent: Buffer.from(torrent.torrentFile).toString('base64'), port: client.torrentPort }),
      );
    }),
  get: ({ torrent, port, folder }) =>
    new Promise((resolve, reject) => {
      const wanted = client.add(Buffer.from(torrent, 'base64'), { path: folder, announce: [] });
      wanted.once('infoHash', () => wanted.addPeer(`127.0.0.1:${port}`));
      wanted.once('error', reject);
      wanted.once('done', () => resolve({}));
    }),
});
