// The peers that live in node: reads lines of JSON, {"peer": …, "url": …}, answers each with what the peer said of the
// URL and the milliseconds it took, without node's own start and the loading of the library.
import { createInterface } from "node:readline";

const peers = {
  async mediabunny(url) {
    const { Input, UrlSource, ALL_FORMATS } = await import("mediabunny");
    return async () => {
      const input = new Input({ source: new UrlSource(url), formats: ALL_FORMATS });
      const track = await input.getPrimaryVideoTrack();
      const seconds = await input.computeDuration();
      const answer = { seconds, width: track.codedWidth, height: track.codedHeight };
      input.dispose();
      return answer;
    };
  },
  async "probe-image-size"(url) {
    const { default: probe } = await import("probe-image-size");
    return async () => {
      const { width, height } = await probe(url);
      return { width, height };
    };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { peer, url } = JSON.parse(line);
  let answer;
  try {
    const read = await peers[peer](url);
    const began = performance.now();
    answer = await read();
    answer.ms = performance.now() - began;
  } catch (error) {
    answer = { error: String(error) };
  }
  console.log(JSON.stringify(answer));
}
