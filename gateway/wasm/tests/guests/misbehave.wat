;; Does what the request's header `x-do` says, in the callback that `x-when` names by its first
;; letter; each deed is a letter too. A canary has no such header and passes. No header can be read
;; while a context is created: there the number of the connection says the same, in two letters.
;;
;; It also counts its contexts, so that a test sees whether its state is fresh.
(table $table 1 funcref)
(global $deed (mut i32) (i32.const 0))
(global $when (mut i32) (i32.const 0))
(global $contexts (mut i32) (i32.const 0))
(global $bad_allocator (mut i32) (i32.const 0))
(global $sink (mut i32) (i32.const 0))

(func $letter_of (param $name i32) (param $size i32) (result i32)
  (if (call $get (i32.const 0) (local.get $name) (local.get $size) (call $out))
    (then (return (i32.const 0))))
  (i32.load8_u (i32.load (i32.const 0))))

(func $deeper (param $depth i32) (result i32)
  (i32.add (i32.const 1) (call $deeper (i32.add (local.get $depth) (i32.const 1)))))

(func $is (param $letter i32) (result i32) (i32.eq (global.get $deed) (local.get $letter)))

(func $at (param $callback i32)
  (if (i32.ne (local.get $callback) (global.get $when)) (then (return)))
  (if (call $is (i32.const 108 (; l ;))) (then (loop $ever (br $ever))))
  (if (call $is (i32.const 104 (; h ;))) (then (loop $ever
    (drop (call $property @"route_name" (call $out)))
    (drop (call $add (i32.const 0) @"accept" @"x"))
    (drop (call $log (i32.const 0) @"again"))
    (br $ever))))
  (if (call $is (i32.const 117 (; u ;))) (then (unreachable)))
  (if (call $is (i32.const 100 (; d ;))) (then
    (global.set $sink (i32.div_u (i32.const 1) (i32.load (i32.const 2048))))))
  (if (call $is (i32.const 111 (; o ;))) (then (global.set $sink (i32.load (i32.const -4)))))
  (if (call $is (i32.const 114 (; r ;))) (then (global.set $sink (call $deeper (i32.const 0)))))
  (if (call $is (i32.const 103 (; g ;))) (then
    (loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    (unreachable)))
  (if (call $is (i32.const 116 (; t ;))) (then
    (loop $more
      (br_if $more (i32.ne (table.grow $table (ref.null func) (i32.const 512)) (i32.const -1))))
    (unreachable)))
  (if (call $is (i32.const 120 (; x ;))) (then (call $exit (i32.const 0))))
  (if (call $is (i32.const 105 (; i ;))) (then
    (call_indirect $table (i32.const 0))))
  (if (call $is (i32.const 115 (; s ;))) (then
    (drop (call $respond (i32.const 403) @"" @"" @"" (i32.const -1)))
    (drop (call $add (i32.const 0) @"x bad" @""))
    (unreachable))))

(func (export "proxy_on_context_create") (param i32 i32)
  (if (i32.eqz (local.get 1)) (then (return)))
  (global.set $contexts (i32.add (global.get $contexts) (i32.const 1)))
  (drop (call $property @"connection\00id" (call $out)))
  (global.set $when (i32.load8_u (i32.load (i32.const 0))))
  (global.set $deed (i32.load8_u offset=1 (i32.load (i32.const 0))))
  (call $at (i32.const 99 (; c ;))))
(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
  (call $append_number (i64.extend_i32_u (global.get $contexts)))
  (drop (call $add (i32.const 0) @"x-contexts"
    (i32.const 32768) (i32.sub (global.get $line) (i32.const 32768))))
  (global.set $line (i32.const 32768))
  (global.set $deed (call $letter_of @"x-do"))
  (global.set $when (call $letter_of @"x-when"))
  (call $at (i32.const 113 (; q ;)))
  (i32.const 0))
(func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
  (call $at (i32.const 115 (; s ;)))
  (i32.const 0))
(func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
  (call $at (i32.const 98 (; b ;)))
  (i32.const 0))
(func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
  (call $at (i32.const 112 (; p ;)))
  (i32.const 0))
(func (export "proxy_on_log") (param i32) (call $at (i32.const 108 (; l ;))))
(func (export "proxy_on_done") (param i32) (result i32)
  (call $at (i32.const 100 (; d ;)))
  (i32.const 1))
(func (export "proxy_on_delete") (param i32)
  (call $at (i32.const 120 (; x ;))))
