/**
 * Why a vGPU cannot be used, in sentences with advice: {@link io.vfio4j.doctor.Diagnosis}. A frontend can show it, and the command
 * {@code vfio4j doctor} prints it.
 */
package io.vfio4j.doctor;
