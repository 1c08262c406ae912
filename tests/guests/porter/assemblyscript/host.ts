// The functions of the host that porter calls, and AssemblyScript's side of their convention.

// @ts-ignore: decorator
@external("env", "proxy_log")
declare function proxyLog(level: u32, data: usize, size: u32): u32;
// @ts-ignore: decorator
@external("env", "proxy_get_buffer_bytes")
declare function proxyGetBuffer(buffer: u32, start: u32, size: u32, data: usize, length: usize): u32;
// @ts-ignore: decorator
@external("env", "proxy_set_buffer_bytes")
declare function proxySetBuffer(buffer: u32, start: u32, size: u32, data: usize, length: u32): u32;
// @ts-ignore: decorator
@external("env", "proxy_get_header_map_pairs")
declare function proxyGetPairs(map: u32, data: usize, size: usize): u32;
// @ts-ignore: decorator
@external("env", "proxy_get_header_map_value")
declare function proxyGetValue(map: u32, key: usize, keySize: u32, data: usize, size: usize): u32;
// @ts-ignore: decorator
@external("env", "proxy_add_header_map_value")
declare function proxyAddValue(map: u32, key: usize, keySize: u32, data: usize, size: u32): u32;
// @ts-ignore: decorator
@external("env", "proxy_remove_header_map_value")
declare function proxyRemoveValue(map: u32, key: usize, keySize: u32): u32;
// @ts-ignore: decorator
@external("env", "proxy_continue_stream")
export declare function continueStream(stream: u32): u32;
// @ts-ignore: decorator
@external("env", "proxy_send_local_response")
declare function proxySendLocalResponse(
  status: u32, details: usize, detailsSize: u32, body: usize, bodySize: u32, pairs: usize,
  pairsSize: u32, grpcStatus: i32): u32;
// @ts-ignore: decorator
@external("env", "proxy_http_call")
declare function proxyHttpCall(
  upstream: usize, upstreamSize: u32, headers: usize, headersSize: u32, body: usize, bodySize: u32,
  trailers: usize, trailersSize: u32, timeout: u32, call: usize): u32;
// @ts-ignore: decorator
@external("env", "proxy_set_effective_context")
export declare function setEffectiveContext(context: u32): u32;
// @ts-ignore: decorator
@external("env", "proxy_get_shared_data")
declare function proxyGetSharedData(
  key: usize, keySize: u32, data: usize, size: usize, cas: usize): u32;
// @ts-ignore: decorator
@external("env", "proxy_set_shared_data")
declare function proxySetSharedData(
  key: usize, keySize: u32, data: usize, size: u32, cas: u32): u32;
// @ts-ignore: decorator
@external("env", "proxy_define_metric")
declare function proxyDefineMetric(kind: u32, name: usize, size: u32, metric: usize): u32;
// @ts-ignore: decorator
@external("env", "proxy_increment_metric")
export declare function incrementMetric(metric: u32, delta: i64): u32;
// @ts-ignore: decorator
@external("env", "proxy_get_property")
declare function proxyGetProperty(path: usize, pathSize: u32, data: usize, size: usize): u32;
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "fd_write")
declare function fdWrite(fd: u32, vectors: usize, count: u32, written: usize): u32;

// Where the host writes pointers and sizes.
const OUT: usize = memory.data(16);

// What the host allocates is pinned until it was read.
export function allocate(size: u32): usize {
  return __pin(__new(size, idof<ArrayBuffer>()));
}

function address(data: ArrayBuffer): usize {
  return changetype<usize>(data);
}

function bytes(text: string): ArrayBuffer {
  return String.UTF8.encode(text);
}

function given(): ArrayBuffer {
  const data = load<u32>(OUT) as usize;
  const size = load<u32>(OUT, 4);
  store<u64>(OUT, 0);
  if (data == 0) return new ArrayBuffer(0);
  const copy = new ArrayBuffer(size);
  memory.copy(address(copy), data, size);
  __unpin(data);
  return copy;
}

export function text(data: ArrayBuffer): string {
  return String.UTF8.decode(data);
}

export function say(line: string): void {
  const data = bytes(line);
  proxyLog(2, address(data), data.byteLength);
}

export function print(line: string): void {
  const data = bytes(line + "\n");
  store<u32>(OUT, address(data) as u32);
  store<u32>(OUT, data.byteLength, 4);
  fdWrite(1, OUT, 1, OUT + 8);
  store<u64>(OUT, 0);
}

export function sayPairs(what: string, map: u32): void {
  proxyGetPairs(map, OUT, OUT + 4);
  const data = given();
  if (data.byteLength < 4) return;
  const view = new DataView(data);
  const count = view.getUint32(0, true);
  let at = 4 + 8 * count;
  for (let i: u32 = 0; i < count; i++) {
    const key = view.getUint32(4 + 8 * i, true);
    const value = view.getUint32(8 + 8 * i, true);
    const name = text(data.slice(at, at + key));
    say(what + " " + name + ": " + text(data.slice(at + key + 1, at + key + 1 + value)));
    at += key + value + 2;
  }
}

export function encode(pairs: string[][]): ArrayBuffer {
  let size = 4;
  for (let i = 0; i < pairs.length; i++) {
    size += 10 + String.UTF8.byteLength(pairs[i][0]) + String.UTF8.byteLength(pairs[i][1]);
  }
  const data = new ArrayBuffer(size);
  const view = new DataView(data);
  view.setUint32(0, pairs.length, true);
  let at = 4 + 8 * pairs.length;
  for (let i = 0; i < pairs.length; i++) {
    for (let j = 0; j < 2; j++) {
      const part = bytes(pairs[i][j]);
      view.setUint32(4 + 8 * i + 4 * j, part.byteLength, true);
      memory.copy(address(data) + at, address(part), part.byteLength);
      at += part.byteLength + 1;
    }
  }
  return data;
}

export function header(map: u32, name: string): string {
  const key = bytes(name);
  proxyGetValue(map, address(key), key.byteLength, OUT, OUT + 4);
  return text(given());
}

export function addHeader(map: u32, name: string, value: string): void {
  const key = bytes(name);
  const data = bytes(value);
  proxyAddValue(map, address(key), key.byteLength, address(data), data.byteLength);
}

export function removeHeader(map: u32, name: string): void {
  const key = bytes(name);
  proxyRemoveValue(map, address(key), key.byteLength);
}

export function buffer(kind: u32, size: u32): ArrayBuffer {
  proxyGetBuffer(kind, 0, size, OUT, OUT + 4);
  return given();
}

export function setBuffer(kind: u32, start: u32, size: u32, value: string): void {
  const data = bytes(value);
  proxySetBuffer(kind, start, size, address(data), data.byteLength);
}

export function answer(status: u32, porter: string, body: string): void {
  const headers = encode([["x-porter", porter]]);
  const data = bytes(body);
  proxySendLocalResponse(
    status, 0, 0, address(data), data.byteLength, address(headers), headers.byteLength, -1);
}

// The call's token, or -1.
export function httpCall(upstream: string, headers: ArrayBuffer, timeout: u32): i64 {
  const name = bytes(upstream);
  const trailers = encode([]);
  const status = proxyHttpCall(
    address(name), name.byteLength, address(headers), headers.byteLength, 0, 0, address(trailers),
    trailers.byteLength, timeout, OUT);
  const call = load<u32>(OUT);
  store<u64>(OUT, 0);
  return status == 0 ? call : -1 - (status as i64);
}

export function sharedNumber(key: string): u64 {
  const name = bytes(key);
  proxyGetSharedData(address(name), name.byteLength, OUT, OUT + 4, OUT + 8);
  const data = given();
  return data.byteLength == 8 ? new DataView(data).getUint64(0, true) : 0;
}

// Only if nobody else wrote since sharedNumber.
export function setSharedNumber(key: string, value: u64): void {
  const name = bytes(key);
  store<u64>(OUT, value);
  proxySetSharedData(address(name), name.byteLength, OUT, 8, load<u32>(OUT, 8));
  store<u64>(OUT, 0);
}

export function defineCounter(metric: string): u32 {
  const name = bytes(metric);
  proxyDefineMetric(0, address(name), name.byteLength, OUT);
  const id = load<u32>(OUT);
  store<u64>(OUT, 0);
  return id;
}

export function propertyNumber(path: string): u64 {
  const name = bytes(path.replaceAll(".", "\0"));
  proxyGetProperty(address(name), name.byteLength, OUT, OUT + 4);
  const data = given();
  return data.byteLength == 8 ? new DataView(data).getUint64(0, true) : 0;
}
