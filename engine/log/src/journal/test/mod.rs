//! The journal against a model, on a simulated disk that loses power, fails, fills and rots.

mod behaviour;
mod crash;
mod damage;
mod host;
mod model;
