;; Source of the bytes in kernel.ts. Made with the npm package wabt:
;;   wabt.parseWat("kernel.wat", text, { simd: true, bulk_memory: true }).toBinary({})
;; All lengths are multiples of 16; the rest of a shorter vector is zeros.
(module
  (import "env" "memory" (memory 2))

  ;; Dot products of `count` int8 rows with one int16 query, as int32. The query's values stay below 4096 in
  ;; size, so that a lane cannot overflow up to 16384 dimensions.
  (func (export "dots")
    (param $row i32) (param $query i32) (param $count i32) (param $stride i32) (param $out i32)
    (local $end i32) (local $at i32) (local $sum v128) (local $sum2 v128)
    (block $done
      (loop $rows
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $sum (v128.const i32x4 0 0 0 0))
        (local.set $sum2 (v128.const i32x4 0 0 0 0))
        (local.set $at (local.get $query))
        (local.set $end (i32.add (local.get $row) (local.get $stride)))
        (loop $columns
          (local.set $sum
            (i32x4.add (local.get $sum)
              (i32x4.dot_i16x8_s
                (v128.load8x8_s (local.get $row))
                (v128.load (local.get $at)))))
          (local.set $sum2
            (i32x4.add (local.get $sum2)
              (i32x4.dot_i16x8_s
                (v128.load8x8_s offset=8 (local.get $row))
                (v128.load offset=16 (local.get $at)))))
          (local.set $at (i32.add (local.get $at) (i32.const 32)))
          (local.set $row (i32.add (local.get $row) (i32.const 16)))
          (br_if $columns (i32.lt_u (local.get $row) (local.get $end))))
        (local.set $sum (i32x4.add (local.get $sum) (local.get $sum2)))
        (i32.store (local.get $out)
          (i32.add
            (i32.add (i32x4.extract_lane 0 (local.get $sum)) (i32x4.extract_lane 1 (local.get $sum)))
            (i32.add (i32x4.extract_lane 2 (local.get $sum)) (i32x4.extract_lane 3 (local.get $sum)))))
        (local.set $out (i32.add (local.get $out) (i32.const 4)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $rows))))

  ;; Writes `length` float32 values as int8 in steps of the returned size (largest magnitude / 127).
  (func (export "quantise") (param $from i32) (param $to i32) (param $length i32) (result f32)
    (local $at i32) (local $end i32) (local $most v128) (local $max f32) (local $factor v128)
    (local.set $end (i32.add (local.get $from) (i32.shl (local.get $length) (i32.const 2))))
    (local.set $at (local.get $from))
    (local.set $most (v128.const i32x4 0 0 0 0))
    (loop $measure
      (local.set $most (f32x4.max (local.get $most) (f32x4.abs (v128.load (local.get $at)))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $measure (i32.lt_u (local.get $at) (local.get $end))))
    (local.set $max
      (f32.max
        (f32.max (f32x4.extract_lane 0 (local.get $most)) (f32x4.extract_lane 1 (local.get $most)))
        (f32.max (f32x4.extract_lane 2 (local.get $most)) (f32x4.extract_lane 3 (local.get $most)))))
    (if (f32.le (local.get $max) (f32.const 0)) (then (return (f32.const 0))))
    (local.set $factor (f32x4.splat (f32.div (f32.const 127) (local.get $max))))
    (local.set $at (local.get $from))
    (loop $write
      (v128.store (local.get $to)
        (i8x16.narrow_i16x8_s
          (i16x8.narrow_i32x4_s
            (i32x4.trunc_sat_f32x4_s (f32x4.nearest (f32x4.mul (local.get $factor) (v128.load (local.get $at)))))
            (i32x4.trunc_sat_f32x4_s (f32x4.nearest (f32x4.mul (local.get $factor) (v128.load offset=16 (local.get $at))))))
          (i16x8.narrow_i32x4_s
            (i32x4.trunc_sat_f32x4_s (f32x4.nearest (f32x4.mul (local.get $factor) (v128.load offset=32 (local.get $at)))))
            (i32x4.trunc_sat_f32x4_s (f32x4.nearest (f32x4.mul (local.get $factor) (v128.load offset=48 (local.get $at))))))))
      (local.set $to (i32.add (local.get $to) (i32.const 16)))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br_if $write (i32.lt_u (local.get $at) (local.get $end))))
    (f32.div (local.get $max) (f32.const 127))))
