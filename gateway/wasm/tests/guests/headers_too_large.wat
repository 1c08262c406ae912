;; A head that a guest lets grow stops at a limit of the host's.
(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
  (local $added i32)
  (loop $more
    (if (i32.eqz (call $add (i32.const 0) @"x-big" (i32.const 65536) (i32.const 65536)))
      (then
        (local.set $added (i32.add (local.get $added) (i32.const 1)))
        (br_if $more (i32.lt_u (local.get $added) (i32.const 1000))))))
  (call $answer @"of 64 KiB were added" (local.get $added))
  (call $answer @"one more" (call $replace (i32.const 0) @"x-other" (i32.const 65536) (i32.const 65536)))
  (call $answer @"in its place" (call $replace (i32.const 0) @"x-big" @"small"))
  (i32.const 0))
(data (i32.const 65536) "")
(func $fill (memory.fill (i32.const 65536) (i32.const 120) (i32.const 65536)))
(start $fill)
