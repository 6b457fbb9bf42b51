// The type of activations in memory. Kernels convert with f32(x) on reading and Act(y) on writing; sums stay in f32.
alias Act = f32;
alias Act4 = vec4<f32>;
