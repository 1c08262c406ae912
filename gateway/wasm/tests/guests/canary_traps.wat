;;! show: start
(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
  (drop (call $log (i32.const 5) @"no header `x-user`"))
  (unreachable))
