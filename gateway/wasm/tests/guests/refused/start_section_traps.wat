(func $trap (unreachable))
(start $trap)
