;; Takes 40 ms to start, and traps on a request with the header `x-do`.
(func (export "_initialize")
  (local $from i64)
  (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 8)))
  (local.set $from (i64.load (i32.const 8)))
  (loop $busy
    (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 8)))
    (br_if $busy
      (i64.lt_u (i64.sub (i64.load (i32.const 8)) (local.get $from)) (i64.const 40000000)))))
(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
  (if (i32.eqz (call $get (i32.const 0) @"x-do" (call $out))) (then (unreachable)))
  (i32.const 0))
